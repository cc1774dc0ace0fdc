// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.oci.OciJson;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.HostPrograms;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Runs the plugins of networks (CNI specification, sections 2 and 3). Their own records of addresses and settings,
/// which
/// they would keep in folders of root's, go below a folder of the instance.
public final class CniPlugins {
    private static final System.Logger LOG = System.getLogger(CniPlugins.class.getName());

    private final HostPrograms programs;
    private final DetachedNamespace where;
    private final Path state;

    /// @param where the namespace that plugins run in
    /// @param state a folder for the plugins' records
    public CniPlugins(HostPrograms programs, DetachedNamespace where, Path state) {
        this.programs = programs;
        this.where = where;
        this.state = state;
    }

    /// A container's interface.
    ///
    /// @param namespace a path of the container's network namespace; empty: it is gone
    /// @param interfaceName inside the container
    /// @param ports to publish, for plugins that do so
    /// @param ipv4 the address to have; null: the network's choice
    public record Target(
            String container,
            String namespace,
            String interfaceName,
            List<PortMapping> ports,
            @Nullable String ipv4,
            @Nullable String mac) {}

    /// Connects a container. When a plugin fails, what the ones before it made is taken away.
    ///
    /// @param folders where to look for plugins
    /// @throws KelpException NOT_FOUND for a plugin that is not installed, else INTERNAL with the plugin's words
    public CniResult add(NetworkList list, List<String> folders, Target target) {
        for (ObjectNode plugin : list.plugins()) {
            require(plugin, folders);
        }
        CniResult result = null;
        try {
            for (ObjectNode plugin : list.plugins()) {
                String previous = result == null ? null : result.json();
                String answer = run("ADD", plugin, new Call(list, folders, target, previous));
                result = CniResult.parse(plugin.path("type").asString(""), answer);
            }
        } catch (KelpException e) {
            delete(list, folders, target, result == null ? null : result.json());
            throw e.within("connect with network " + list.name());
        }
        return result == null ? CniResult.parse(list.type(), "{}") : result;
    }

    /// Disconnects a container; what does not work is only logged, since nothing is to be done about it.
    ///
    /// @param result of [#add]; null: it failed
    public void delete(NetworkList list, List<String> folders, Target target, @Nullable String result) {
        for (ObjectNode plugin : list.plugins().reversed()) {
            try {
                run("DEL", plugin, new Call(list, folders, target, result));
            } catch (KelpException e) {
                LOG.log(System.Logger.Level.WARNING, "disconnect from network {0}: {1}", list.name(), e.getMessage());
            }
        }
    }

    private record Call(
            NetworkList list,
            List<String> folders,
            Target target,
            @Nullable String previous) {}

    private static Path require(ObjectNode plugin, List<String> folders) {
        String type = plugin.path("type").asString("");
        return folders.stream()
                .map(f -> Path.of(f).resolve(type))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new KelpException(
                                ErrorKind.NOT_FOUND,
                                "CNI plugin `" + type + "` is not in " + String.join(", ", folders))
                        .withHint("apt-get install containernetworking-plugins, or name its folder by CNI_PATH"));
    }

    private String run(String command, ObjectNode plugin, Call call) {
        Path program = require(plugin, call.folders());
        Target target = call.target();
        List<String> arguments = Stream.of(
                        Optional.of("IgnoreUnknown=1"),
                        Optional.ofNullable(target.ipv4()).map(a -> "IP=" + a),
                        Optional.ofNullable(target.mac()).map(m -> "MAC=" + m))
                .flatMap(Optional::stream)
                .toList();
        List<String> variables = List.of(
                "CNI_COMMAND=" + command,
                "CNI_CONTAINERID=" + target.container(),
                "CNI_NETNS=" + target.namespace(),
                "CNI_IFNAME=" + target.interfaceName(),
                "CNI_ARGS=" + String.join(";", arguments),
                "CNI_PATH=" + String.join(":", call.folders()));
        HostPrograms.Finished done =
                programs.run(where, program, variables, OciJson.write(configuration(plugin, call)));
        String output = new String(done.output(), StandardCharsets.UTF_8);
        if (done.code() != 0) {
            throw new KelpException(
                    ErrorKind.INTERNAL, "CNI plugin " + program.getFileName() + ": " + failure(output, done));
        }
        return output;
    }

    /// What one plugin reads: its own part, what is common to the list, and what is known only now.
    private ObjectNode configuration(ObjectNode plugin, Call call) {
        ObjectNode text = plugin.deepCopy();
        text.put("name", call.list().name());
        text.put("cniVersion", call.list().version());
        ObjectNode now = OciJson.mapper().createObjectNode();
        if (text.path("capabilities").path("portMappings").asBoolean(false)) {
            now.set("portMappings", ports(call.target().ports()));
        }
        if (text.path("capabilities").path("mac").asBoolean(false)
                && call.target().mac() != null) {
            now.put("mac", call.target().mac());
        }
        text.remove("capabilities");
        if (!now.isEmpty()) {
            text.set("runtimeConfig", now);
        }
        if (call.previous() != null) {
            text.set("prevResult", OciJson.mapper().readTree(call.previous()));
        }
        keepRecordsHere(text);
        return text;
    }

    private void keepRecordsHere(ObjectNode text) {
        if (text.path("ipam") instanceof ObjectNode ipam
                && ipam.path("type").asString("").equals("host-local")
                && !ipam.has("dataDir")) {
            ipam.put("dataDir", state.resolve("networks").toString());
        }
        if (text.path("type").asString("").equals("tuning") && !text.has("dataDir")) {
            text.put("dataDir", state.resolve("tuning").toString());
        }
    }

    private static ArrayNode ports(List<PortMapping> mappings) {
        ArrayNode all = OciJson.mapper().createArrayNode();
        for (PortMapping m : mappings) {
            for (int i = 0; i < m.count(); i++) {
                all.addObject()
                        .put("hostPort", m.hostPort() + i)
                        .put("containerPort", m.containerPort() + i)
                        .put("protocol", m.protocol());
            }
        }
        return all;
    }

    /// Section 5, "Error": plugins tell what went wrong in their output.
    private static String failure(String output, HostPrograms.Finished done) {
        try {
            JsonNode error = OciJson.mapper().readTree(output);
            String words = Stream.of(
                            error.path("msg").asString(""),
                            error.path("details").asString(""))
                    .filter(w -> !w.isBlank())
                    .reduce((a, b) -> a + ": " + b)
                    .orElse("");
            if (!words.isEmpty()) {
                return words;
            }
        } catch (JacksonException e) {
            // no document: its words are all there is
        }
        String words = new ArrayList<>(List.of(done.words().strip(), output.strip()))
                .stream().filter(w -> !w.isEmpty()).findFirst().orElse("exit code " + done.code());
        return words;
    }
}
