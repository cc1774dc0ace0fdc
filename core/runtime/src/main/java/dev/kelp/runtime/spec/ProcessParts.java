// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import dev.kelp.model.oci.ImageConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How image and user's wish become one command and one environment, as Docker joins them.
public final class ProcessParts {
    public static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private ProcessParts() {}

    /// Entrypoint and command. An entrypoint of the user's drops the image's command.
    ///
    /// @throws KelpException INVALID_ARGUMENT when there is nothing to run
    public static List<String> arguments(ProcessSpec process, ImageConfig.Execution image) {
        List<String> entrypoint = process.entrypoint();
        List<String> command = process.command();
        List<String> all = new ArrayList<>(orEmpty(entrypoint != null ? entrypoint : image.entrypoint()));
        if (command != null && !command.isEmpty()) {
            all.addAll(command);
        } else if (entrypoint == null) {
            all.addAll(orEmpty(image.cmd()));
        }
        if (all.isEmpty() || all.getFirst().isEmpty()) {
            throw KelpException.invalid("no command is given, and the image has none");
        }
        return all;
    }

    /// The environment: defaults, then the image's, then the user's; a later value replaces an earlier one in
    /// place,
    /// and a name without `=` removes it.
    ///
    /// @param hostname null: no HOSTNAME
    public static List<String> environment(
            List<Collection<String>> layers, @Nullable String hostname, boolean terminal, String home) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("PATH", DEFAULT_PATH);
        if (hostname != null) {
            all.put("HOSTNAME", hostname);
        }
        if (terminal) {
            all.put("TERM", "xterm");
        }
        for (Collection<String> layer : layers) {
            for (String entry : layer) {
                int eq = entry.indexOf('=');
                if (eq > 0) {
                    all.put(entry.substring(0, eq), entry.substring(eq + 1));
                } else if (eq < 0) {
                    all.remove(entry);
                }
            }
        }
        all.putIfAbsent("HOME", home);
        List<String> result = new ArrayList<>();
        all.forEach((name, value) -> {
            if (value.indexOf('\0') >= 0 || name.indexOf('\0') >= 0) {
                throw KelpException.invalid("the environment variable " + name.replace('\0', '?') + " has a NUL");
            }
            result.add(name + "=" + value);
        });
        return result;
    }

    static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    /// The image's variables without those that are not wanted (`*`: any).
    public static List<String> kept(@Nullable List<String> image, List<String> unset) {
        if (unset.contains("*")) {
            return List.of();
        }
        return orEmpty(image).stream()
                .filter(e -> !unset.contains(e.indexOf('=') < 0 ? e : e.substring(0, e.indexOf('='))))
                .toList();
    }
}
