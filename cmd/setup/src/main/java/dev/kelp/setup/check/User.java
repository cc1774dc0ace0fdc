// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.Optional;

/// For whom containers are to run.
///
/// @param home the home folder; empty when nobody says where it is
public record User(String name, long uid, String home) {
    public boolean isRoot() {
        return uid == 0;
    }

    /// The one of that uid or name in the text of passwd(5); of one whom a name service knows, the number is the
    /// name.
    static Optional<User> in(String passwd, String wanted) {
        return passwd.lines()
                .map(line -> line.split(":", -1))
                .filter(f -> f.length == 7 && f[2].matches("\\d{1,10}"))
                .filter(f -> f[0].equals(wanted) || f[2].equals(wanted))
                .map(f -> new User(f[0], Long.parseLong(f[2]), f[5]))
                .findFirst();
    }
}
