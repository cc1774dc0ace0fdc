// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import dev.kelp.network.bypass.BypassPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What a container's annotations, or its labels as before nerdctl 2.0, say of network acceleration.
///
/// @param inside networks to be reached through the container's own, besides those that always are
/// @param ignoreBind whether published services are left to the port forwarder
public record AccelerationWish(List<Subnet> inside, boolean ignoreBind) {
    /// `true` or `false`. A network's label of this name is the default for its containers.
    public static final String KEY = "nerdctl/bypass4netns";

    /// The same as an option of `network create`.
    static final String OPTION = "network-accel";

    /// Set where the user's settings ask for acceleration and neither the container nor its network says anything.
    private static final String BY_DEFAULT = "kelp/network-accel-default";

    private static final String IGNORE_SUBNETS = "nerdctl/bypass4netns-ignore-subnets";
    private static final String IGNORE_BIND = "nerdctl/bypass4netns-ignore-bind";

    /// The container's own networks, which are meant in any case.
    private static final String AUTO = "auto";

    public AccelerationWish {
        inside = List.copyOf(inside);
    }

    /// The wish of a container; empty when it has none.
    ///
    /// @param first the network that is its way out
    /// @throws KelpException INVALID_ARGUMENT naming the annotation
    public static Optional<AccelerationWish> of(ContainerSpec spec, Supplier<Optional<NetworkDefinition>> first) {
        String asked = value(spec, KEY)
                .or(() -> first.get().flatMap(AccelerationWish::ofNetwork))
                .orElseGet(() -> spec.annotations().getOrDefault(BY_DEFAULT, "false"));
        if (!truth(KEY, asked)) {
            return Optional.empty();
        }
        List<Subnet> inside = value(spec, IGNORE_SUBNETS)
                .filter(v -> !v.isEmpty())
                .map(AccelerationWish::subnets)
                .orElse(List.of());
        boolean ignoreBind =
                value(spec, IGNORE_BIND).map(v -> truth(IGNORE_BIND, v)).orElse(false);
        return Optional.of(new AccelerationWish(inside, ignoreBind));
    }

    /// What is not as safe as without acceleration, a sentence each.
    ///
    /// @param guarded as [LoopbackGuard#guardsListeners]; asked only when it matters
    List<String> shortfalls(Networking wanted, BooleanSupplier guarded) {
        boolean published = wanted.publishAll()
                || wanted.ports().stream().anyMatch(p -> p.protocol().equals("tcp"));
        return !published || ignoreBind || guarded.getAsBoolean()
                ? List.of()
                : List.of("this kernel refuses socket filters: a program in the container that listens on a published"
                        + " port can reach this machine's loopback; --annotation " + IGNORE_BIND
                        + "=true is the safe way");
    }

    /// Whether the container itself asks, and not a default.
    public static boolean isAskedBy(ContainerSpec spec) {
        return value(spec, KEY).filter(v -> truth(KEY, v)).isPresent();
    }

    private static Optional<String> ofNetwork(NetworkDefinition network) {
        Map<String, String> options = network.options();
        return Optional.ofNullable(network.labels().get(KEY))
                .or(() -> Optional.ofNullable(options.get(KEY)))
                .or(() -> Optional.ofNullable(options.get(OPTION)));
    }

    private static Optional<String> value(ContainerSpec spec, String key) {
        Map<String, String> annotations = spec.annotations();
        return Optional.ofNullable(annotations.getOrDefault(key, spec.labels().get(key)));
    }

    /// As Go's strconv.ParseBool reads it.
    private static boolean truth(String key, String value) {
        return switch (value) {
            case "1", "t", "T", "TRUE", "true", "True" -> true;
            case "0", "f", "F", "FALSE", "false", "False", "" -> false;
            default -> throw KelpException.invalid("annotation " + key + ": `" + value + "` is neither true nor false");
        };
    }

    private static List<Subnet> subnets(String json) {
        JsonNode list;
        try {
            list = OciJson.mapper().readTree(json);
        } catch (JacksonException e) {
            throw wrong(json);
        }
        if (list == null || !list.isArray() || list.size() > BypassPolicy.SUBNETS_MAX) {
            throw wrong(json);
        }
        List<Subnet> all = new ArrayList<>();
        for (JsonNode subnet : list) {
            if (!subnet.isString()) {
                throw wrong(json);
            }
            if (!subnet.stringValue().equals(AUTO)) {
                try {
                    all.add(Subnet.parse(subnet.stringValue()));
                } catch (KelpException e) {
                    throw e.within("annotation " + IGNORE_SUBNETS);
                }
            }
        }
        return all;
    }

    private static KelpException wrong(String json) {
        return KelpException.invalid("annotation " + IGNORE_SUBNETS + ": `" + json + "` is no JSON list of subnets")
                .withHint("write it as [\"10.0.0.0/8\",\"auto\"]");
    }
}
