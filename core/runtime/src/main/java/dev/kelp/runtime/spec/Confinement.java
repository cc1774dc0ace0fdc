// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.linux.AppArmor;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.AppArmorProfile;
import dev.kelp.model.container.Security;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Which AppArmor profile a container's processes get.
///
/// @param enabled whether the kernel has AppArmor, and it is on
/// @param loaded whether there is a profile of that name
record Confinement(boolean enabled, Predicate<String> loaded) {
    private static final boolean ENABLED = AppArmor.isEnabled();

    static Confinement ofThisMachine() {
        return new Confinement(ENABLED, AppArmor::hasProfile);
    }

    /// The profile's name; null: unconfined. A profile that was asked for on a machine without AppArmor is left to
    /// the
    /// OCI runtime to refuse.
    ///
    /// @throws KelpException NOT_FOUND when the one that was asked for is not loaded
    @Nullable
    String profile(Security security) {
        String asked = security.apparmor();
        if (AppArmorProfile.UNCONFINED.equals(asked)) {
            return null;
        }
        if (asked == null || asked.isEmpty()) {
            boolean confined = enabled && !security.privileged() && loaded.test(AppArmorProfile.DEFAULT);
            return confined ? AppArmorProfile.DEFAULT : null;
        }
        if (enabled && !loaded.test(asked)) {
            throw new KelpException(
                            ErrorKind.NOT_FOUND,
                            "confine the container by the AppArmor profile `" + asked + "`: no such profile is loaded")
                    .withHint(
                            asked.equals(AppArmorProfile.DEFAULT)
                                    ? "as root: kelp apparmor load"
                                    : "root loads one by apparmor_parser, and `sudo aa-status` lists them");
        }
        return asked;
    }
}
