// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import dev.kelp.model.container.AppArmorProfile;
import java.util.List;
import java.util.stream.Stream;

/// AppArmor, SELinux and Yama.
final class SecurityModules {
    private static final int YAMA_NOBODY = 3;

    private SecurityModules() {}

    /// Whether user namespaces are kept from programs without a profile (Ubuntu 23.10 and later).
    static boolean restrictsNamespaces(Machine machine) {
        return machine.isNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1);
    }

    /// A profile that gives Kelp's own program user namespaces and takes nothing away.
    static Remedy profile(Machine machine) {
        ProgramProfile profile = ProgramProfile.of(machine.kelp("kelp").orElse(ProgramProfile.PACKAGED));
        String file = ProgramProfile.FOLDER + "/" + profile.fileName();
        return Remedy.root(Stream.of(
                        Stream.of("cat > " + file + " <<'PROFILE'"),
                        profile.text().lines(),
                        Stream.of("PROFILE", "apparmor_parser -r " + file))
                .flatMap(lines -> lines)
                .toArray(String[]::new));
    }

    static Finding look(Machine machine) {
        String name = "security modules";
        if (machine.isNumber("/proc/sys/kernel/yama/ptrace_scope", YAMA_NOBODY)) {
            return Finding.warning(
                    name,
                    "kernel.yama.ptrace_scope is 3: no accelerated networks; it stays so until the machine restarts",
                    Remedy.root("echo 'kernel.yama.ptrace_scope = 1' > /etc/sysctl.d/90-kelp-ptrace.conf")
                            .then("restart the machine"));
        }
        if (machine.isNumber("/sys/fs/selinux/enforce", 1)) {
            return Finding.note(
                    name,
                    "SELinux enforces its policy; a folder that containers are given wants a label",
                    new Remedy(false, List.of("chcon -R -t container_file_t FOLDER"), ""));
        }
        boolean enabled = machine.text("/sys/module/apparmor/parameters/enabled")
                .orElse("N")
                .startsWith("Y");
        if (!enabled) {
            return Finding.ok(name, "none that restricts containers");
        }
        if (machine.hasProfile(AppArmorProfile.DEFAULT)) {
            return Finding.ok(name, "AppArmor, with the profile " + AppArmorProfile.DEFAULT + " for containers");
        }
        boolean installed = machine.exists(ProgramProfile.FOLDER + "/" + AppArmorProfile.DEFAULT);
        return Finding.note(
                name,
                "AppArmor; containers are unconfined by it"
                        + (installed ? ": " + AppArmorProfile.DEFAULT + " is installed, but not loaded" : ""),
                Remedy.root(Remedy.quoted(machine.kelp("kelp").orElse("kelp")) + " setup apparmor"));
    }
}
