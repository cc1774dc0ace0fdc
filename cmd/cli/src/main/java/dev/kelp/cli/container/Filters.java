// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// `ps --filter KEY=VALUE`: values of one key are alternatives, except labels; different keys must all match.
final class Filters {
    private Filters() {}

    /// @param created the creation time of a container by name, for `before` and `since`
    static Predicate<ContainerSummary> parse(List<String> flags, Function<String, Instant> created) {
        Map<String, List<Predicate<ContainerSummary>>> byKey = new TreeMap<>();
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (equals <= 0) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            String key = flag.substring(0, equals).toLowerCase(Locale.ROOT);
            byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(one(key, flag.substring(equals + 1), created));
        }
        return c -> byKey.entrySet().stream()
                .allMatch(e -> e.getKey().equals("label")
                        ? e.getValue().stream().allMatch(p -> p.test(c))
                        : e.getValue().stream().anyMatch(p -> p.test(c)));
    }

    private static Predicate<ContainerSummary> one(String key, String value, Function<String, Instant> created) {
        return switch (key) {
            case "id" -> c -> c.id().startsWith(value);
            case "name" -> {
                Pattern pattern = pattern(value);
                yield c -> pattern.matcher(c.name()).find()
                        || pattern.matcher("/" + c.name()).find();
            }
            case "label" -> label(value);
            case "exited" -> {
                int code = code(value);
                yield c -> c.state().status() == Status.EXITED && c.state().exitCode() == code;
            }
            case "status" -> {
                Status status = status(value);
                yield c -> c.state().status() == status;
            }
            case "health" -> health(value);
            case "before" -> {
                Instant time = created.apply(value);
                yield c -> c.created().isBefore(time);
            }
            case "since" -> {
                Instant time = created.apply(value);
                yield c -> c.created().isAfter(time);
            }
            case "volume" ->
                c -> c.spec().mounts().stream().anyMatch(m -> value.equals(m.source()) || value.equals(m.target()));
            case "network" ->
                c -> DockerNetworkSettings.names(c.spec(), c.network()).contains(value);
            case "publish" -> {
                List<PortMapping> wanted = ports(key, value);
                yield c -> Published.mappings(c).stream()
                        .anyMatch(m -> wanted.stream().anyMatch(w -> covers(m, w)));
            }
            case "expose" -> {
                List<PortMapping> wanted = ports(key, value);
                yield c -> exposed(c).stream().anyMatch(m -> wanted.stream().anyMatch(w -> covers(m, w)));
            }
            case "ancestor" -> c -> c.image().equals(value) || sameReference(c.image(), value);
            default ->
                throw KelpException.invalid("unknown filter `" + key + "`")
                        .withHint("there are id, name, label, exited, status, health, before, since, ancestor,"
                                + " volume, network, publish, expose");
        };
    }

    private static List<PortMapping> ports(String key, String value) {
        try {
            return PortMapping.parse(value);
        } catch (KelpException e) {
            throw KelpException.invalid(
                    "invalid --filter `" + key + "=" + value + "`: expected PORT[-PORT][/PROTOCOL]");
        }
    }

    private static List<PortMapping> exposed(ContainerSummary c) {
        List<PortMapping> all = new ArrayList<>(Published.mappings(c));
        Networking networking = c.spec().isolation().networking();
        if (networking != null) {
            networking.exposed().forEach(e -> all.addAll(PortMapping.parse(e)));
        }
        return all;
    }

    private static boolean covers(PortMapping m, PortMapping wanted) {
        return m.protocol().equals(wanted.protocol())
                && m.containerPort() <= wanted.containerPort()
                && wanted.containerPort() < m.containerPort() + m.count();
    }

    private static Predicate<ContainerSummary> health(String value) {
        if (!List.of("starting", "healthy", "unhealthy", "none").contains(value)) {
            throw KelpException.invalid("unknown health `" + value + "` in --filter")
                    .withHint("there are starting, healthy, unhealthy, none");
        }
        return c ->
                c.state().health().map(h -> h.status().word()).orElse("none").equals(value);
    }

    private static Predicate<ContainerSummary> label(String value) {
        int equals = value.indexOf('=');
        String key = equals < 0 ? value : value.substring(0, equals);
        return c -> c.labels().containsKey(key)
                && (equals < 0 || value.substring(equals + 1).equals(c.labels().get(key)));
    }

    private static Pattern pattern(String value) {
        try {
            return Pattern.compile(value);
        } catch (PatternSyntaxException e) {
            throw KelpException.invalid("invalid --filter `name=" + value + "`: " + e.getDescription());
        }
    }

    private static int code(String value) {
        if (!value.matches("[0-9]{1,3}")) {
            throw KelpException.invalid("invalid --filter `exited=" + value + "`: expected an exit code");
        }
        return Integer.parseInt(value);
    }

    private static Status status(String value) {
        for (Status s : Status.values()) {
            if (s.word().equals(value)) {
                return s;
            }
        }
        throw KelpException.invalid("unknown status `" + value + "` in --filter")
                .withHint("there are created, running, paused, restarting, removing, exited, dead");
    }

    private static boolean sameReference(String image, String value) {
        try {
            return Reference.parse(image).equals(Reference.parse(value));
        } catch (KelpException e) {
            return false;
        }
    }
}
