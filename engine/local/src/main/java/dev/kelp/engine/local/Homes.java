// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The home directories of this machine's people, which `--rootfs /` does not show, wherever they are.
final class Homes {
    /// Where the ids of people begin and end (login.defs(5), nobody).
    private static final int PEOPLE_MIN = 1000;

    private static final int PEOPLE_MAX = 65_533;

    /// Homes of accounts that are no people's; to hide them would leave no system.
    private static final Set<String> SYSTEM =
            Set.of("", "bin", "dev", "etc", "lib", "lib64", "opt", "sbin", "usr", "var");

    private Homes() {}

    /// @param passwd passwd(5), as far as it can be read; other name services are not asked
    /// @param uid the user's own id
    /// @param own the user's home as her environment says
    static List<Path> of(Path passwd, int uid, Optional<Path> own) {
        List<Path> homes = new ArrayList<>();
        own.filter(Homes::isHome).ifPresent(homes::add);
        try {
            for (String line : Files.readString(passwd, StandardCharsets.ISO_8859_1)
                    .lines()
                    .toList()) {
                String[] f = line.split(":", -1);
                if (f.length == 7 && f[2].matches("\\d{1,9}") && f[5].startsWith("/")) {
                    int id = Integer.parseInt(f[2]);
                    Path home = Path.of(f[5]).normalize();
                    if ((id == uid || id >= PEOPLE_MIN && id <= PEOPLE_MAX) && isHome(home)) {
                        homes.add(home);
                    }
                }
            }
        } catch (IOException e) {
            // then it is the user's own alone
        }
        return homes;
    }

    private static boolean isHome(Path home) {
        return home.isAbsolute()
                && home.getNameCount() > 0
                && (home.getNameCount() > 1 || !SYSTEM.contains(home.getName(0).toString()))
                && !home.startsWith("/usr/bin")
                && !home.startsWith("/usr/sbin");
    }
}
