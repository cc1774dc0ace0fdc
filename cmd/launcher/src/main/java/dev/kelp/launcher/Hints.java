// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What keeps user namespaces from an ordinary user, and what root can do about it.
final class Hints {
    private static final Path CLONE = Path.of("/proc/sys/kernel/unprivileged_userns_clone");
    private static final Path MAX = Path.of("/proc/sys/user/max_user_namespaces");
    private static final Path APPARMOR = Path.of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    private static final long FEW_NAMESPACES = 1024;
    private static final int DIGITS_MAX = 64;
    private static final String NO_SPACE = "28 ";

    private Hints() {}

    /// The failure the native launcher met before it started this JVM, with advice.
    ///
    /// @param said errno, a blank, and what was tried
    static KelpException failure(String said, String program) {
        String what = said.substring(said.indexOf(' ') + 1);
        KelpException e = new KelpException(ErrorKind.FAILED_PRECONDITION, what);
        if (number(CLONE).filter(n -> n == 0).isPresent()) {
            return e.withHint("as root: sysctl kernel.unprivileged_userns_clone=1");
        }
        if (said.startsWith(NO_SPACE) || number(MAX).filter(n -> n == 0).isPresent()) {
            return e.withHint("as root: sysctl user.max_user_namespaces=28633");
        }
        if (number(APPARMOR).filter(n -> n == 1).isPresent()) {
            return e.withHint(profile(program));
        }
        return e.withHint("in a container, its seccomp profile may forbid user namespaces");
    }

    /// AppArmor gives user namespaces to programs with a profile (Ubuntu 24.04 and later).
    private static String profile(String program) {
        String name = program.substring(1).replace('/', '.');
        return """
                AppArmor keeps user namespaces from programs without a profile; as root:
                cat > /etc/apparmor.d/%1$s <<'PROFILE'
                abi <abi/4.0>,
                include <tunables/global>
                %2$s flags=(unconfined) {
                  userns,
                  include if exists <local/%1$s>
                }
                PROFILE
                systemctl restart apparmor.service""".formatted(name, program);
    }

    /// Settings that work, but not for long.
    static void warn(Console console) {
        number(MAX)
                .filter(n -> n > 0 && n < FEW_NAMESPACES)
                .ifPresent(n -> console.warn("user.max_user_namespaces is only " + n));
        if (ids("/proc/self/uid_map") <= 1 || ids("/proc/self/gid_map") <= 1) {
            console.warn("only one id is mapped: no subordinate ids in /etc/subuid and /etc/subgid, or newuidmap and"
                    + " newgidmap are missing (apt-get install uidmap)");
        }
    }

    private static long ids(String map) {
        try {
            List<String> lines = Files.readAllLines(Path.of(map));
            return lines.stream()
                    .mapToLong(line -> Long.parseLong(line.strip().split(" +")[2]))
                    .sum();
        } catch (IOException e) {
            return Long.MAX_VALUE;
        }
    }

    private static Optional<Long> number(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            // in one read: a second one of a sysctl finds its end
            String text = new String(in.readNBytes(DIGITS_MAX), StandardCharsets.US_ASCII).strip();
            return text.matches("\\d{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
