// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.linux.FileNames;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Refuses what the configuration of an OCI runtime, a JSON document, cannot say: text that is not UTF-8. A container
/// that got other bytes than the user's would be worse.
final class PlainText {
    private PlainText() {}

    static void check(ContainerSpec spec) {
        ProcessSpec p = spec.process();
        check("the argument", p.command());
        check("the entry point's argument", p.entrypoint());
        check("the variable", p.env());
        check("the working directory", p.workdir());
        check("the root file system", spec.rootfs());
        for (MountSpec m : spec.mounts()) {
            check("the source of a mount", m.source());
            check("the target of a mount", m.target());
        }
        check("the label", spec.labels());
        check("the annotation", spec.annotations());
        check("the sysctl", spec.isolation().sysctls());
        check("the log option", spec.logging().options());
    }

    private static void check(String what, Map<String, String> texts) {
        texts.forEach((name, value) -> {
            check(what, name);
            check(what, value);
        });
    }

    static void check(String what, @Nullable List<String> texts) {
        if (texts != null) {
            texts.forEach(text -> check(what, text));
        }
    }

    static void check(String what, @Nullable String text) {
        if (text != null && !FileNames.isUtf8(text)) {
            throw KelpException.invalid(what + " `" + shown(text) + "` is not UTF-8, and the configuration of a"
                    + " container can hold nothing else");
        }
    }

    /// With the bytes in question as the shell's `printf` takes them.
    private static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c >= 0xdc80 && c <= 0xdcff) {
                shown.append("\\x%02x".formatted(c - 0xdc00));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }
}
