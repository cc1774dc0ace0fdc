// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image.config;

import dev.kelp.linux.Signals;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An image's execution parameters while instructions change them.
public final class ConfigChanges {
    private static final String NAMES =
            "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR";
    private static final Pattern PORT = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?");
    private static final Pattern DURATION = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|µs|ms|s|m|h)");
    private static final int PORT_MAX = 65_535;

    private @Nullable String user;
    private final Map<String, Object> ports;
    private final Map<String, String> env = new LinkedHashMap<>();
    private @Nullable List<String> entrypoint;
    private @Nullable List<String> cmd;
    private final Map<String, Object> volumes;
    private @Nullable String workdir;
    private final Map<String, String> labels;
    private @Nullable String stopSignal;
    private final @Nullable Boolean argsEscaped;
    private @Nullable Healthcheck healthcheck;
    private final List<String> onBuild;
    private final @Nullable List<String> shell;

    private ConfigChanges(Execution e) {
        user = e.user();
        ports = copy(e.exposedPorts());
        for (String variable : e.env() == null ? List.<String>of() : e.env()) {
            int eq = variable.indexOf('=');
            env.put(eq < 0 ? variable : variable.substring(0, eq), eq < 0 ? "" : variable.substring(eq + 1));
        }
        entrypoint = e.entrypoint();
        cmd = e.cmd();
        volumes = copy(e.volumes());
        workdir = e.workingDir();
        labels = copy(e.labels());
        stopSignal = e.stopSignal();
        argsEscaped = e.argsEscaped();
        healthcheck = e.healthcheck();
        onBuild = new ArrayList<>(e.onBuild() == null ? List.of() : e.onBuild());
        shell = e.shell();
    }

    private static <V> Map<String, V> copy(@Nullable Map<String, V> map) {
        return map == null ? new TreeMap<>() : new TreeMap<>(map);
    }

    /// @throws KelpException INVALID_ARGUMENT naming the instruction that cannot be applied
    public static Execution apply(Execution to, List<String> instructions) {
        if (instructions.isEmpty()) {
            return to;
        }
        ConfigChanges changes = new ConfigChanges(to);
        for (String instruction : instructions) {
            try {
                changes.apply(instruction);
            } catch (KelpException e) {
                throw e.within("change `" + instruction + "`");
            }
        }
        return changes.result();
    }

    private Execution result() {
        return new Execution(
                user,
                ports,
                env.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList(),
                entrypoint,
                cmd,
                volumes,
                workdir,
                labels,
                stopSignal,
                argsEscaped,
                healthcheck,
                onBuild,
                shell);
    }

    private void apply(String instruction) {
        String line = instruction.strip();
        int blank = 0;
        while (blank < line.length() && !Character.isWhitespace(line.charAt(blank))) {
            blank++;
        }
        String rest = line.substring(blank).strip();
        String name = line.substring(0, blank).toUpperCase(Locale.ROOT);
        if (rest.isEmpty()) {
            throw KelpException.invalid(name.isEmpty() ? "there is no instruction" : name + " needs a value");
        }
        switch (name) {
            case "CMD" -> cmd = command(rest);
            case "ENTRYPOINT" -> {
                entrypoint = command(rest);
                // what the image gave as arguments belonged to another program
                cmd = null;
            }
            case "ENV" -> pairs(rest, true).forEach(env::put);
            case "LABEL" -> pairs(rest, false).forEach(labels::put);
            case "EXPOSE" -> InstructionWords.split(rest, env).forEach(this::expose);
            case "ONBUILD" -> onBuild.add(rest);
            case "USER" -> user = InstructionWords.expand(rest, env);
            case "VOLUME" ->
                InstructionWords.json(rest)
                        .orElseGet(() -> InstructionWords.split(rest, env))
                        .forEach(this::volume);
            case "WORKDIR" -> workdir = workdir(InstructionWords.expand(rest, env));
            case "STOPSIGNAL" -> {
                stopSignal = InstructionWords.expand(rest, env);
                Signals.parse(stopSignal);
            }
            case "HEALTHCHECK" -> healthcheck = healthcheck(rest);
            default ->
                throw KelpException.invalid("`" + name + "` is not an instruction that changes a configuration")
                        .withHint("there are " + NAMES);
        }
    }

    /// A JSON array as it is, anything else a line for the shell.
    private List<String> command(String rest) {
        return InstructionWords.json(rest).orElseGet(() -> {
            List<String> words = new ArrayList<>(shell == null || shell.isEmpty() ? List.of("/bin/sh", "-c") : shell);
            words.add(rest);
            return words;
        });
    }

    /// `a=1 b="2 3"`, or for one name `a 1 2 3`.
    private Map<String, String> pairs(String rest, boolean variables) {
        Map<String, String> found = new LinkedHashMap<>();
        List<String> words = InstructionWords.split(rest, env);
        if (words.getFirst().indexOf('=') < 0) {
            if (words.size() < 2) {
                throw KelpException.invalid("`" + words.getFirst() + "` has no value");
            }
            String name = words.getFirst();
            found.put(
                    name,
                    InstructionWords.expand(
                            rest.substring(rest.indexOf(name) + name.length()).strip(), env));
            return found;
        }
        for (String word : words) {
            int eq = word.indexOf('=');
            if (eq <= 0) {
                throw KelpException.invalid("`" + word + "` is not NAME=VALUE");
            }
            found.put(word.substring(0, eq), word.substring(eq + 1));
        }
        if (variables && found.keySet().stream().anyMatch(n -> n.indexOf('\0') >= 0)) {
            throw KelpException.invalid("a variable's name holds a NUL");
        }
        return found;
    }

    private void expose(String word) {
        Matcher m = PORT.matcher(word.toLowerCase(Locale.ROOT));
        if (!m.matches()) {
            throw KelpException.invalid("`" + word + "` is not a port").withHint("as in 80, 53/udp or 8000-8010/tcp");
        }
        int first = Integer.parseInt(m.group(1));
        int last = m.group(2) == null ? first : Integer.parseInt(m.group(2));
        if (first < 1 || last > PORT_MAX || last < first) {
            throw KelpException.invalid("`" + word + "` is not a port between 1 and " + PORT_MAX);
        }
        String protocol = m.group(3) == null ? "tcp" : m.group(3);
        for (int port = first; port <= last; port++) {
            ports.put(port + "/" + protocol, Map.of());
        }
    }

    private void volume(String path) {
        if (path.isBlank()) {
            throw KelpException.invalid("a volume's path is empty");
        }
        volumes.put(path, Map.of());
    }

    /// A relative one goes on from the one before.
    private String workdir(String path) {
        String before = workdir == null || workdir.isEmpty() ? "/" : workdir;
        String joined = path.startsWith("/") ? path : before + "/" + path;
        List<String> parts = new ArrayList<>();
        for (String part : joined.split("/", -1)) {
            if (part.equals("..")) {
                if (!parts.isEmpty()) {
                    parts.removeLast();
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return "/" + String.join("/", parts);
    }

    private Healthcheck healthcheck(String rest) {
        Map<String, String> flags = new LinkedHashMap<>();
        String line = rest;
        while (line.startsWith("--")) {
            String word = line.split("\\s+", 2)[0];
            int eq = word.indexOf('=');
            if (eq < 0) {
                throw KelpException.invalid("`" + word + "` has no value");
            }
            flags.put(word.substring(2, eq), word.substring(eq + 1));
            line = line.substring(word.length()).strip();
        }
        String[] kind = line.split("\\s+", 2);
        if (kind[0].equalsIgnoreCase("NONE") && kind.length == 1) {
            return new Healthcheck(List.of("NONE"), null, null, null, null, null);
        }
        if (!kind[0].equalsIgnoreCase("CMD") || kind.length < 2) {
            throw KelpException.invalid("HEALTHCHECK is followed by NONE, or by flags, CMD and a command");
        }
        List<String> test = new ArrayList<>();
        Optional<List<String>> exec = InstructionWords.json(kind[1]);
        test.add(exec.isPresent() ? "CMD" : "CMD-SHELL");
        test.addAll(exec.orElse(List.of(kind[1])));
        Healthcheck made = new Healthcheck(
                test,
                nanos(flags.remove("interval")),
                nanos(flags.remove("timeout")),
                nanos(flags.remove("start-period")),
                nanos(flags.remove("start-interval")),
                retries(flags.remove("retries")));
        if (!flags.isEmpty()) {
            throw KelpException.invalid(
                    "there is no flag `--" + flags.keySet().iterator().next() + "`");
        }
        return made;
    }

    private static @Nullable Integer retries(@Nullable String text) {
        if (text == null) {
            return null;
        }
        if (!text.matches("[0-9]{1,9}")) {
            throw KelpException.invalid("`" + text + "` is not a number of retries");
        }
        return Integer.valueOf(text);
    }

    private static @Nullable Long nanos(@Nullable String text) {
        if (text == null) {
            return null;
        }
        Matcher m = DURATION.matcher(text);
        BigDecimal sum = BigDecimal.ZERO;
        int at = 0;
        while (at < text.length() && m.find(at) && m.start() == at) {
            long unit = switch (m.group(2)) {
                case "ns" -> 1L;
                case "us", "µs" -> 1_000L;
                case "ms" -> 1_000_000L;
                case "s" -> 1_000_000_000L;
                case "m" -> 60_000_000_000L;
                default -> 3_600_000_000_000L;
            };
            sum = sum.add(new BigDecimal(m.group(1)).multiply(BigDecimal.valueOf(unit)));
            at = m.end();
        }
        if (at != text.length() || at == 0 || sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw KelpException.invalid("`" + text + "` is not a duration").withHint("as in 30s or 1m30s");
        }
        return sum.longValue();
    }
}
