// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition.Plugins;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import dev.kelp.network.AddressPool;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A network configuration list (CNI specification, section 1), or the older form of one plugin alone.
///
/// Limits: a file of [Plugins#BYTES_MAX], [#PLUGINS_MAX] plugins.
public final class NetworkList {
    static final int PLUGINS_MAX = 32;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");
    private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    private static final List<String> VERSIONS = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    private final String name;
    private final String version;
    private final JsonNode root;
    private final List<ObjectNode> plugins;

    private NetworkList(String name, String version, JsonNode root, List<ObjectNode> plugins) {
        this.name = name;
        this.version = version;
        this.root = root;
        this.plugins = plugins;
    }

    /// @param file for messages
    /// @throws KelpException INVALID_ARGUMENT for what is no such list, UNSUPPORTED for a version nobody knows here
    public static NetworkList parse(String file, byte[] json) {
        if (json.length > Plugins.BYTES_MAX) {
            throw wrong(file, "it has more than " + Plugins.BYTES_MAX + " bytes");
        }
        JsonNode root;
        try {
            root = OciJson.mapper().readTree(json);
        } catch (JacksonException e) {
            throw wrong(file, "it is no JSON: " + e.getOriginalMessage());
        }
        String name = root.path("name").asString("");
        if (!NAME.matcher(name).matches()) {
            throw wrong(file, "`" + name + "` is not a network's name");
        }
        String version = root.path("cniVersion").asString("0.1.0");
        if (!VERSIONS.contains(version)) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, "network configuration `" + file + "`: CNI version `" + version + "`");
        }
        List<ObjectNode> plugins = new ArrayList<>();
        for (JsonNode p : root.has("plugins") ? root.path("plugins").values() : List.of(root)) {
            if (!(p instanceof ObjectNode o)
                    || !TYPE.matcher(o.path("type").asString("")).matches()
                    || plugins.size() == PLUGINS_MAX) {
                throw wrong(file, "plugin " + (plugins.size() + 1) + " has no type, or is one too many");
            }
            plugins.add(o);
        }
        if (plugins.isEmpty()) {
            throw wrong(file, "it names no plugin");
        }
        return new NetworkList(name, version, root, plugins);
    }

    private static KelpException wrong(String file, String why) {
        return KelpException.invalid("network configuration `" + file + "`: " + why);
    }

    public String name() {
        return name;
    }

    String version() {
        return version;
    }

    List<ObjectNode> plugins() {
        return plugins;
    }

    /// The first plugin's type, which makes the interface.
    public String type() {
        return plugins.getFirst().path("type").asString("");
    }

    /// The interface that the first plugin connects containers to; empty when it has none or chooses it itself.
    public String device() {
        ObjectNode first = plugins.getFirst();
        return first.path("bridge").asString(first.path("master").asString(""));
    }

    /// Its interfaces' size, when it is configured.
    public Optional<Integer> mtu() {
        int mtu = plugins.getFirst().path("mtu").asInt(0);
        return mtu > 0 ? Optional.of(mtu) : Optional.empty();
    }

    /// The id that nerdctl gave it, when it has one.
    public Optional<String> id() {
        String id = root.path("nerdctlID").asString("");
        return id.matches("[0-9a-f]{64}") ? Optional.of(id) : Optional.empty();
    }

    /// The labels that nerdctl gave it.
    public Map<String, String> labels() {
        Map<String, String> all = new TreeMap<>();
        root.path("nerdctlLabels")
                .properties()
                .forEach(e -> all.put(e.getKey(), e.getValue().asString("")));
        return all;
    }

    /// The subnets of host-local's and static's kind of address management, at most one of each family; what does
    /// not
    /// parse is left to the plugin.
    public List<Pool> pools() {
        JsonNode ipam = plugins.getFirst().path("ipam");
        List<Pool> all = new ArrayList<>();
        List<JsonNode> ranges = new ArrayList<>(List.of(ipam));
        ipam.path("ranges").forEach(set -> set.forEach(ranges::add));
        for (JsonNode range : ranges) {
            Pool pool = pool(range);
            if (pool != null
                    && all.stream()
                            .noneMatch(p -> p.subnet().isIpv6() == pool.subnet().isIpv6())) {
                all.add(pool);
            }
        }
        return all;
    }

    private static @Nullable Pool pool(JsonNode range) {
        try {
            String subnet = range.path("subnet").asString("");
            if (subnet.isEmpty()) {
                return null;
            }
            Pool usual = AddressPool.of(Subnet.parse(subnet));
            String gateway = range.path("gateway").asString("");
            return gateway.isEmpty() ? usual : new Pool(usual.subnet(), Subnet.parseAddress(gateway), null);
        } catch (KelpException e) {
            return null;
        }
    }

    /// As it was written.
    public String json() {
        return new String(OciJson.write(root), StandardCharsets.UTF_8);
    }
}
