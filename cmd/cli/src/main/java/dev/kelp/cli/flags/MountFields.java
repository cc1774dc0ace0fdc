// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.NewVolume;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fields of one `--mount`.
final class MountFields {
    private final String flag;
    private String type = "volume";
    private @Nullable String source;
    private @Nullable String target;
    private @Nullable String subpath;
    private @Nullable String driver;
    private boolean createSource;
    private final Map<String, String> driverOptions = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();

    MountFields(String flag) {
        this.flag = flag;
    }

    void set(String key, @Nullable String value) {
        keys.add(key);
        switch (key) {
            case "type" -> type = needed(key, value);
            case "source", "src" -> source = needed(key, value);
            case "target", "dst", "destination" -> target = needed(key, value);
            case "readonly", "ro" -> option("ro", value);
            case "rw" -> option("rw", value);
            case "readwrite" -> option(truth(value) ? "rw" : "ro", null);
            case "bind-propagation" -> options.addAll(Volumes.options("--mount", flag, needed(key, value)));
            case "bind-nonrecursive" -> option("bind", value);
            case "bind-recursive" -> recursive(needed(key, value));
            case "bind-create-src" -> createSource = truth(value);
            case "relabel" -> relabel(needed(key, value));
            case "chown", "U" -> option("U", value);
            case "idmap" -> throw Volumes.idMapped(flag);
            case "tmpfs-size", "size" -> options.add("size=" + ByteSize.parse("tmpfs-size", needed(key, value)));
            case "tmpfs-mode", "mode" -> options.add("mode=" + mode(needed(key, value)));
            case "tmpfs-options" -> options.addAll(Volumes.options("--mount", flag, needed(key, value)));
            case "volume-nocopy" -> option("nocopy", value);
            case "volume-driver" -> driver = needed(key, value);
            case "volume-label" -> pair(labels, needed(key, value));
            case "volume-opt" -> pair(driverOptions, needed(key, value));
            case "volume-subpath", "image-subpath", "subpath" -> subpath = relative(key, needed(key, value));
            case "consistency" -> needed(key, value);
            default -> {
                if (value != null || !Volumes.WORDS.contains(key)) {
                    throw Volumes.invalid("--mount", flag, "unknown field `" + key + "`");
                }
                options.add(key);
            }
        }
    }

    private void option(String word, @Nullable String value) {
        if (truth(value)) {
            options.add(word);
        }
    }

    private boolean truth(@Nullable String value) {
        return switch (value == null ? "true" : value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw Volumes.invalid("--mount", flag, "`" + value + "` is neither true nor false");
        };
    }

    private void recursive(String value) {
        switch (value) {
            case "enabled" -> options.add("rbind");
            case "writable" -> options.addAll(List.of("rbind", "bind-recursive=writable"));
            case "disabled" -> options.add("bind");
            case "readonly" -> options.add("rro");
            default -> throw Volumes.invalid("--mount", flag, "unknown value `" + value + "` of bind-recursive");
        }
    }

    private void relabel(String value) {
        switch (value) {
            case "shared" -> options.add("z");
            case "private" -> options.add("Z");
            default -> throw Volumes.invalid("--mount", flag, "unknown value `" + value + "` of relabel");
        }
    }

    private String mode(String octal) {
        if (!octal.matches("[0-7]{1,5}")) {
            throw Volumes.invalid("--mount", flag, "`" + octal + "` is not an octal mode");
        }
        return octal;
    }

    private static void pair(Map<String, String> map, String value) {
        int equals = value.indexOf('=');
        map.put(equals < 0 ? value : value.substring(0, equals), equals < 0 ? "" : value.substring(equals + 1));
    }

    private String relative(String key, String path) {
        if (path.startsWith("/")) {
            throw Volumes.invalid("--mount", flag, "`" + key + "` must be a relative path");
        }
        return path;
    }

    private String needed(String key, @Nullable String value) {
        if (value == null || value.isEmpty()) {
            throw Volumes.invalid("--mount", flag, "`" + key + "` needs a value");
        }
        return value;
    }

    Volumes.Parsed parsed() {
        if (target == null) {
            throw Volumes.invalid("--mount", flag, "target is required");
        }
        switch (type) {
            case "bind", "image" -> {
                if (source == null) {
                    throw Volumes.invalid("--mount", flag, "source is required for type=" + type);
                }
            }
            case "tmpfs" -> {
                if (source != null) {
                    throw Volumes.invalid("--mount", flag, "type=tmpfs takes no source");
                }
            }
            case "volume" -> {
                if (source != null && !source.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]*")) {
                    throw Volumes.invalid("--mount", flag, "`" + source + "` is not a volume's name");
                }
            }
            default -> throw Volumes.invalid("--mount", flag, "unknown type `" + type + "`");
        }
        checkKeys();
        NewVolume volume = driver == null && driverOptions.isEmpty() && labels.isEmpty()
                ? null
                : new NewVolume(driver == null ? "local" : driver, driverOptions, labels, false);
        String place = Volumes.target("--mount", flag, target);
        return new Volumes.Parsed(
                new MountSpec(type, source, place, options, null, null, volume, subpath), createSource);
    }

    /// A key of another type is a mistake that would otherwise go unseen.
    private void checkKeys() {
        for (String key : keys) {
            int dash = key.indexOf('-');
            String prefix = dash < 0 ? "" : key.substring(0, dash);
            if (List.of("bind", "tmpfs", "volume", "image").contains(prefix) && !prefix.equals(type)) {
                throw Volumes.invalid("--mount", flag, "cannot mix `" + key + "` with mount type `" + type + "`");
            }
        }
    }
}
