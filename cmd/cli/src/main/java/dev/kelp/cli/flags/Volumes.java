// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The syntax of `--volume`, `--tmpfs` and `--mount`, without looking at any file.
public final class Volumes {
    /// Options of mounts that take no value.
    static final Set<String> WORDS = Set.of(
            "ro",
            "rw",
            "rro",
            "z",
            "Z",
            "U",
            "nocopy",
            "copy",
            "shared",
            "rshared",
            "slave",
            "rslave",
            "private",
            "rprivate",
            "bind",
            "rbind",
            "exec",
            "noexec",
            "suid",
            "nosuid",
            "dev",
            "nodev",
            "sync",
            "async",
            "noatime",
            "nodiratime",
            "relatime",
            "strictatime",
            "tmpcopyup",
            "notmpcopyup",
            "bind-create-src",
            "no-dereference");

    private static final Set<String> TMPFS_KEYS =
            Set.of("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "huge");

    private Volumes() {}

    /// A mount as written.
    ///
    /// @param createSource a missing source folder is made (`-v`), else it is an error (`--mount`)
    public record Parsed(MountSpec spec, boolean createSource) {}

    /// `[SOURCE:]TARGET[:OPTIONS]`. A source with a slash, or beginning with a dot, is a path.
    public static Parsed volume(String flag) {
        String[] p = flag.split(":", -1);
        if (p.length > 3 || flag.isEmpty() || Arrays.stream(p).anyMatch(String::isEmpty)) {
            throw invalid("--volume", flag, "expected [SOURCE:]TARGET[:OPTIONS]");
        }
        if (p.length == 1) {
            return new Parsed(spec("volume", null, target("--volume", flag, p[0]), List.of()), false);
        }
        List<String> options = p.length == 3 ? options("--volume", flag, p[2]) : List.of();
        String source = p[0];
        boolean path = source.contains("/") || source.startsWith(".");
        if (!path && !source.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]*")) {
            throw invalid("--volume", flag, "`" + source + "` is neither a path nor a volume's name");
        }
        return new Parsed(spec(path ? "bind" : "volume", source, target("--volume", flag, p[1]), options), path);
    }

    /// `TARGET[:OPTIONS]`.
    public static Parsed tmpfs(String flag) {
        int colon = flag.indexOf(':');
        String target = colon < 0 ? flag : flag.substring(0, colon);
        List<String> asked = colon < 0 ? List.of() : options("--tmpfs", flag, flag.substring(colon + 1));
        List<String> options = new ArrayList<>(List.of("nosuid", "nodev", "noexec"));
        // each is undone by its opposite
        options.removeIf(o -> asked.contains(o.substring("no".length())));
        options.addAll(asked);
        return new Parsed(spec("tmpfs", null, target("--tmpfs", flag, target), options), false);
    }

    static List<String> options(String name, String flag, String text) {
        List<String> options = List.of(text.split(",", -1));
        for (String o : options) {
            int equals = o.indexOf('=');
            boolean known = WORDS.contains(o) || (equals > 0 && TMPFS_KEYS.contains(o.substring(0, equals)));
            if (o.equals("idmap") || o.startsWith("idmap=")) {
                throw idMapped(flag);
            }
            if (!known) {
                throw invalid(name, flag, "unknown option `" + o + "`");
            }
        }
        return options;
    }

    /// mount_setattr(2): ids of a mount are mapped by the owner of the file system's user namespace alone, and the
    /// file
    /// systems of the disk are the machine's. Accepting it would leave files with owners that nobody asked for.
    static KelpException idMapped(String flag) {
        return new KelpException(
                        ErrorKind.UNSUPPORTED,
                        "`" + flag
                                + "`: Linux lets only the machine's root map the ids of a mount, and the engine is not"
                                + " root")
                .withHint("--userns=keep-id shows your files as yours; the option U changes the files' owners");
    }

    /// `type=…,source=…,target=…[,KEY[=VALUE]…]`, fields as CSV has them: one with commas stands in double quotes.
    public static Parsed mount(String flag) {
        MountFields f = new MountFields(flag);
        for (String field : fields(flag)) {
            int equals = field.indexOf('=');
            String key = equals < 0 ? field : field.substring(0, equals);
            f.set(key.strip(), equals < 0 ? null : field.substring(equals + 1));
        }
        return f.parsed();
    }

    private static List<String> fields(String flag) {
        List<String> all = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < flag.length(); i++) {
            char c = flag.charAt(i);
            if (c == '"' && quoted && i + 1 < flag.length() && flag.charAt(i + 1) == '"') {
                field.append('"');
                i++;
            } else if (c == '"' && (quoted || field.isEmpty())) {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                all.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        if (quoted) {
            throw invalid("--mount", flag, "a double quote is not closed");
        }
        all.add(field.toString());
        return all;
    }

    static MountSpec spec(String type, @Nullable String source, String target, List<String> options) {
        return new MountSpec(type, source, target, options, null, null);
    }

    static String target(String name, String flag, String target) {
        if (!target.startsWith("/")) {
            throw invalid(name, flag, "`" + target + "` is not an absolute path in the container");
        }
        if (target.replaceAll("/\\.?(?=/|$)", "").isEmpty()) {
            throw invalid(name, flag, "the target cannot be /");
        }
        return target;
    }

    static KelpException invalid(String name, String flag, String why) {
        return KelpException.invalid("invalid " + name + " `" + flag + "`: " + why);
    }
}
