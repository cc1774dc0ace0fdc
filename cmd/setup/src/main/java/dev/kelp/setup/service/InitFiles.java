// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.User;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What starts the engine of one user where systemd is not: files for root, since only root's init starts something at
/// boot, that run the engine as that user.
public enum InitFiles {
    OPENRC,
    RUNIT,
    S6;

    /// @param path where it belongs
    /// @param executable whether it is a program
    public record File(String path, boolean executable, String text) {}

    public static Optional<InitFiles> named(String name) {
        return Stream.of(values()).filter(i -> i.name().equalsIgnoreCase(name)).findFirst();
    }

    public static String names() {
        return Stream.of(values()).map(i -> i.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(", "));
    }

    /// The files for this user.
    public List<File> files(Machine machine, EngineProgram program) {
        User user = machine.user();
        String name = "kelp-" + user.name();
        String kelp = shell(program.kelp().toString());
        String setting = setting(machine);
        return switch (this) {
            case OPENRC -> List.of(new File("/etc/init.d/" + name, true, openrc(machine, kelp)));
            case RUNIT ->
                List.of(new File("/etc/sv/" + name + "/run", true, """
                        #!/bin/sh
                        # Kelp of %1$s for runit: ln -s /etc/sv/%2$s to the folder of services
                        exec 2>&1
                        %3$sinstall -d -m 700 -o %4$s "$XDG_RUNTIME_DIR" || exit
                        groups=$(id -G %4$s | tr ' ' :)
                        exec chpst -u ":%5$d:$groups" %6$s system start --foreground
                        """.formatted(
                                user.name(), name, setting, shell(user.name()), user.uid(), kelp)));
            case S6 ->
                List.of(
                        new File("/etc/s6/sv/" + name + "/type", false, "longrun\n"),
                        new File("/etc/s6/sv/" + name + "/notification-fd", false, "3\n"),
                        new File("/etc/s6/sv/" + name + "/run", true, """
                                #!/bin/sh
                                # Kelp of %1$s for s6
                                exec 2>&1
                                %2$sexport KELP_READY_FD=3
                                install -d -m 700 -o %3$s "$XDG_RUNTIME_DIR" || exit
                                exec s6-setuidgid %3$s %4$s system start --foreground
                                """.formatted(
                                        user.name(), setting, shell(user.name()), kelp)));
        };
    }

    /// What root types to have it started now and at boot.
    public String enabling(Machine machine) {
        String name = "kelp-" + machine.user().name();
        return switch (this) {
            case OPENRC -> "rc-update add " + name + " default && rc-service " + name + " start";
            case RUNIT -> "ln -s /etc/sv/" + name + " /etc/service/ (Void: /var/service/)";
            case S6 -> "add " + name + " to your bundle of services and compile the database anew";
        };
    }

    /// Stopped by OpenRC's own word, since the process in the foreground cannot tell a stop from a restart.
    private static String openrc(Machine machine, String kelp) {
        User user = machine.user();
        return """
                #!/sbin/openrc-run
                # Kelp of %1$s for OpenRC
                description="Kelp, containers without root, of %1$s"
                supervisor=supervise-daemon
                command=%2$s
                command_args="system start --foreground"
                command_user=%3$s
                respawn_delay=2
                %4$s
                depend() {
                    use net
                    after bootmisc cgroups
                }

                start_pre() {
                    checkpath --directory --owner %3$s --mode 0700 "$XDG_RUNTIME_DIR"
                }

                stop_post() {
                    [ "$RC_CMD" = restart ] || su -s /bin/sh -c 'exec "$0" system stop' %3$s %2$s
                }
                """.formatted(user.name(), kelp, shell(user.name()), setting(machine));
    }

    /// What a login would set, and what the user has set for Kelp.
    private static String setting(Machine machine) {
        User user = machine.user();
        Map<String, String> all = new TreeMap<>(machine.asksForAnother() ? Map.of() : machine.variables());
        all.keySet()
                .removeIf(n -> !n.startsWith("CONTAINERD_ROOTLESS_ROOTLESSKIT_")
                        && !List.of("KELP_DATA_ROOT", "KELP_RUN_ROOT", "KELP_JAVA_HOME", "XDG_DATA_HOME")
                                .contains(n));
        all.put("HOME", user.home());
        all.put("XDG_RUNTIME_DIR", UserFolders.of(machine).runtime());
        return all.entrySet().stream()
                .map(e -> "export " + e.getKey() + "=" + shell(e.getValue()) + "\n")
                .collect(Collectors.joining());
    }

    private static String shell(String word) {
        String plain = word.replaceAll("\\p{Cntrl}", "?");
        return plain.matches("[A-Za-z0-9_./:@%+,-]+") ? plain : "'" + plain.replace("'", "'\\''") + "'";
    }
}
