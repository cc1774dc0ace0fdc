// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;

/// What a login gives a user: a runtime directory, a service manager, and whether it stays.
final class SessionChecks {
    private SessionChecks() {}

    static Finding runtimeDirectory(Machine machine) {
        String name = "runtime directory";
        User user = machine.user();
        String usual = "/run/user/" + user.uid();
        if (user.isRoot()) {
            return Finding.ok(name, "/run/kelp");
        }
        if (machine.asksForAnother()) {
            return machine.isFolder(usual)
                    ? Finding.ok(name, usual)
                    : Finding.warning(
                            name, usual + " is not there: " + user.name() + " has no session", linger(machine));
        }
        Optional<String> set = machine.variable("XDG_RUNTIME_DIR");
        if (set.isEmpty()) {
            String why = "XDG_RUNTIME_DIR is not set" + (changedUsers(machine) ? ", as after su or sudo" : "");
            if (machine.isFolder(usual)) {
                return Finding.warning(name, why, Remedy.user("export XDG_RUNTIME_DIR=" + usual));
            }
            return machine.hasSystemd()
                    ? Finding.warning(
                            name,
                            why + ", and there is no " + usual + ": no session",
                            linger(machine),
                            Remedy.user("export XDG_RUNTIME_DIR=" + usual))
                    : Finding.note(name, why + "; Kelp uses /tmp/kelp-" + user.uid());
        }
        String folder = set.get();
        if (!folder.startsWith("/") || !machine.isFolder(folder) || !machine.isWritable(folder)) {
            return Finding.warning(
                    name,
                    "XDG_RUNTIME_DIR is " + folder + ", which is not a folder that can be written",
                    machine.isFolder(usual)
                            ? Remedy.user("export XDG_RUNTIME_DIR=" + usual)
                            : Remedy.user("unset XDG_RUNTIME_DIR"));
        }
        long owner = machine.owner(folder);
        if (owner >= 0 && owner != user.uid()) {
            return Finding.warning(
                    name,
                    "XDG_RUNTIME_DIR is " + folder + ", which belongs to uid " + owner,
                    Remedy.user("export XDG_RUNTIME_DIR=" + usual));
        }
        return machine.mode(folder).contains(PosixFilePermission.OTHERS_WRITE)
                ? Finding.warning(
                        name, folder + " is open to everybody", Remedy.user("chmod 700 " + Remedy.quoted(folder)))
                : Finding.ok(name, folder);
    }

    static Finding serviceManager(Machine machine) {
        String name = "systemd";
        if (!machine.hasSystemd()) {
            return Finding.note(
                    name, "does not run here: Kelp starts with the first command, nothing starts it at boot");
        }
        if (machine.user().isRoot() || machine.asksForAnother()) {
            return Finding.ok(name, "runs");
        }
        Programs.Answer answer = machine.programs().run(List.of("systemctl", "--user", "show-environment"));
        return answer.succeeded()
                ? Finding.ok(name, "the user's own answers")
                : Finding.warning(
                        name,
                        "the user's own does not answer: "
                                + (answer.lastLine().isEmpty() ? "no bus" : answer.lastLine()),
                        linger(machine),
                        Remedy.user("export XDG_RUNTIME_DIR=/run/user/"
                                + machine.user().uid()));
    }

    static Finding lingering(Machine machine) {
        String name = "lingering";
        User user = machine.user();
        if (!machine.hasSystemd() || user.isRoot()) {
            return Finding.ok(name, user.isRoot() ? "root needs none" : "nothing ends processes at logout");
        }
        return machine.exists("/var/lib/systemd/linger/" + user.name())
                ? Finding.ok(name, "containers outlive the session and start at boot")
                : Finding.warning(
                        name,
                        "systemd ends what runs for " + user.name()
                                + " with the last session, and starts nothing at boot",
                        linger(machine));
    }

    private static Remedy linger(Machine machine) {
        return Remedy.root(
                "loginctl enable-linger " + Remedy.quoted(machine.user().name()));
    }

    /// Whether this shell belongs to a login of somebody else.
    private static boolean changedUsers(Machine machine) {
        long login = machine.number("/proc/self/loginuid").orElse(-1);
        boolean other =
                login >= 0 && login != NO_LOGIN && login != machine.user().uid();
        return other || machine.variable("SUDO_USER").isPresent();
    }

    private static final long NO_LOGIN = 0xffff_ffffL;
}
