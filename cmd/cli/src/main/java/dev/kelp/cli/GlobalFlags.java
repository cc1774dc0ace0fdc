// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/// The flags before the command's name. All but the short ones are understood after it too.
///
/// They are read by hand and not by picocli: a command line is then one picocli model and not two.
public final class GlobalFlags {
    /// @param label what stands for the value in the help; null: a switch
    public record Row(
            List<String> names, @Nullable String label, String description, BiConsumer<GlobalFlags, String> set) {}

    /// All of them, in the order of the help.
    public static final List<Row> ROWS = List.of(
            new Row(
                    List.of("-n", "--namespace"),
                    "NAME",
                    "set of images and containers to work with (default: $CONTAINERD_NAMESPACE, else default)",
                    (f, v) -> f.namespace = v),
            new Row(List.of("--debug"), null, "print the cause of errors", (f, v) -> f.debug = truth(v)),
            new Row(List.of("--debug-full"), null, "the same", (f, v) -> f.debug = truth(v)),
            new Row(
                    List.of("--snapshotter", "--storage-driver"),
                    "NAME",
                    "overlayfs or native (default: $CONTAINERD_SNAPSHOTTER, else the best that works here)",
                    (f, v) -> f.snapshotter = v),
            new Row(
                    List.of("--hosts-dir"),
                    "DIR",
                    "folder of hosts.toml files for registries; may be repeated",
                    (f, v) -> f.hostsDirs.addAll(List.of(v.split(",")))),
            new Row(
                    List.of("--insecure-registry"),
                    null,
                    "accept plain http and certificates that do not verify",
                    (f, v) -> f.insecureRegistry = truth(v)),
            new Row(
                    List.of("-a", "-H", "--address", "--host"),
                    "ADDRESS",
                    "accepted for compatibility: Kelp finds its own daemon",
                    (f, v) -> {}),
            new Row(
                    List.of("--cgroup-manager"),
                    "NAME",
                    "accepted for compatibility: Kelp takes what this machine delegates",
                    (f, v) -> f.cgroupManager(v)),
            new Row(
                    List.of("--data-root"),
                    "DIR",
                    "must be the data root in use; choose another one by $KELP_DATA_ROOT",
                    (f, v) -> f.dataRoot = v),
            new Row(List.of("--cni-path", "--cni-netconfpath"), "DIR", "accepted for compatibility", (f, v) -> {}));

    private @Nullable String namespace;
    private @Nullable String snapshotter;
    private @Nullable String dataRoot;
    private final List<String> hostsDirs = new ArrayList<>();
    private boolean insecureRegistry;
    private boolean debug;
    private boolean help;
    private boolean version;

    /// Nothing set.
    public GlobalFlags() {}

    /// Reads the flags at the start of `words`.
    ///
    /// @return the index of the first word that is no global flag, the command's name
    public int parse(List<String> words) {
        int at = 0;
        while (at < words.size()) {
            String word = words.get(at);
            if (!word.startsWith("-") || word.equals("-")) {
                break;
            }
            at++;
            switch (word) {
                case "--" -> {
                    return at;
                }
                case "-h", "--help" -> help = true;
                case "-v", "--version" -> version = true;
                default -> at += parseFlag(word, at < words.size() ? words.get(at) : null);
            }
        }
        return at;
    }

    /// @return how many words after `word` were taken
    private int parseFlag(String word, @Nullable String next) {
        boolean isLong = word.startsWith("--");
        int equals = word.indexOf('=');
        String name = isLong ? equals < 0 ? word : word.substring(0, equals) : word.substring(0, 2);
        Row row = find(name).orElseThrow(() -> KelpException.invalid("unknown flag: " + name));
        String attached = null;
        if (isLong && equals >= 0) {
            attached = word.substring(equals + 1);
        } else if (!isLong && word.length() > 2) {
            attached = word.substring(word.charAt(2) == '=' ? 3 : 2);
        }
        if (attached != null) {
            row.set.accept(this, attached);
            return 0;
        }
        if (row.label == null) {
            row.set.accept(this, "true");
            return 0;
        }
        if (next == null) {
            throw KelpException.invalid("flag needs an argument: " + name);
        }
        row.set.accept(this, next);
        return 1;
    }

    private static Optional<Row> find(String name) {
        return ROWS.stream().filter(r -> r.names.contains(name)).findFirst();
    }

    /// Lets a command take these flags too, except names the command itself uses.
    ///
    /// @param target whose flags a parse sets: asked at each one, as the model of a command serves many calls
    public static void addTo(CommandSpec spec, Supplier<GlobalFlags> target) {
        for (Row row : ROWS) {
            String[] names = row.names.stream()
                    .filter(n -> n.startsWith("--") && !spec.optionsMap().containsKey(n))
                    .toArray(String[]::new);
            if (names.length > 0) {
                ISetter setter = new ISetter() {
                    @Override
                    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
                    public <T> T set(T value) {
                        if (value != null) {
                            row.set.accept(target.get(), value.toString());
                        }
                        return value;
                    }
                };
                spec.addOption(OptionSpec.builder(names)
                        .type(row.label == null ? Boolean.class : String.class)
                        .arity(row.label == null ? "0" : "1")
                        .setter(setter)
                        .hidden(true)
                        .build());
            }
        }
    }

    private static boolean truth(String value) {
        return switch (value) {
            case "true", "1", "t", "T", "TRUE", "True" -> true;
            case "false", "0", "f", "F", "FALSE", "False" -> false;
            default -> throw KelpException.invalid("`" + value + "` is neither true nor false");
        };
    }

    private void cgroupManager(String name) {
        if (!List.of("systemd", "cgroupfs", "none").contains(name)) {
            throw KelpException.invalid("unknown cgroup manager `" + name + "`")
                    .withHint("use systemd, cgroupfs or none");
        }
    }

    public @Nullable String namespace() {
        return namespace;
    }

    public @Nullable String snapshotter() {
        return snapshotter;
    }

    public @Nullable String dataRoot() {
        return dataRoot;
    }

    public List<String> hostsDirs() {
        return List.copyOf(hostsDirs);
    }

    public boolean insecureRegistry() {
        return insecureRegistry;
    }

    public boolean debug() {
        return debug;
    }

    public boolean help() {
        return help;
    }

    public boolean version() {
        return version;
    }
}
