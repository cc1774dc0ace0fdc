// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.List;

/// What to type.
///
/// @param asRoot whether only root may
/// @param commands lines for a POSIX shell, to be run in this order
/// @param after what must follow before it shows, such as logging in again; empty when nothing must
public record Remedy(boolean asRoot, List<String> commands, String after) {
    public Remedy {
        commands = List.copyOf(commands);
    }

    static Remedy root(String... commands) {
        return new Remedy(true, List.of(commands), "");
    }

    static Remedy user(String... commands) {
        return new Remedy(false, List.of(commands), "");
    }

    Remedy then(String what) {
        return new Remedy(asRoot, commands, what);
    }

    /// A value in a line of the shell, which it must not leave, whatever it is.
    static String quoted(String value) {
        String plain = Finding.inOneLine(value);
        return plain.matches("[A-Za-z0-9_./:@%+-]+") ? plain : "'" + plain.replace("'", "'\\''") + "'";
    }

    /// A kernel setting, now and after the next start.
    static Remedy sysctl(String name, String value) {
        return root(
                "echo '" + name + " = " + value + "' > /etc/sysctl.d/90-kelp-" + name.replace('.', '-') + ".conf",
                "sysctl -p /etc/sysctl.d/90-kelp-" + name.replace('.', '-') + ".conf");
    }

    static Remedy packages(String... names) {
        return root("apt-get install -y --no-install-recommends " + String.join(" ", names));
    }
}
