// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import dev.kelp.setup.check.Machine;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The units of the engine, `kelp.service` and `kelp.socket`, or under the names that scripts written for containerd
/// expect.
///
/// The service is a process that waits for the engine: the engine itself is in a scope of its own, so that neither an
/// end nor a restart of the service stops a container.
///
/// @param stem the name without its ending
public record EngineUnits(String stem, Machine machine, UserFolders folders, EngineProgram program) {
    public static final String KELP = "kelp";
    public static final String CONTAINERD = "containerd";

    /// What decides where the engine's data is and how it runs; whoever installs the service has set it for that.
    private static final List<String> KEPT = List.of(
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_STATE_DIR",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_NET",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_MTU",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SANDBOX",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SECCOMP",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_DETACH_NETNS",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_IPV6",
            "CONTAINERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK",
            "XDG_DATA_HOME",
            "KELP_DATA_ROOT",
            "KELP_RUN_ROOT",
            "KELP_JAVA_HOME");

    public String serviceName() {
        return stem + ".service";
    }

    public String socketName() {
        return stem + ".socket";
    }

    /// The name that this one must not run beside.
    public String otherServiceName() {
        return (stem.equals(KELP) ? CONTAINERD : KELP) + ".service";
    }

    public Unit service() {
        String conflict = stem.equals(CONTAINERD) ? "Conflicts=" + KELP + ".service\n" : "";
        return Unit.of(serviceName(), """
                [Unit]
                Description=%s
                Wants=dbus.socket
                After=dbus.socket
                StartLimitBurst=3
                StartLimitIntervalSec=60s
                %s
                [Service]
                %sExecStart=%s system start --foreground
                ExecReload=/bin/kill -s HUP $MAINPID
                Type=notify
                NotifyAccess=all
                TimeoutStartSec=infinity
                Restart=always
                RestartSec=2
                # 0: somebody has stopped the engine
                RestartPreventExitStatus=0
                LimitNOFILE=infinity
                LimitNPROC=infinity
                LimitCORE=infinity
                TasksMax=infinity
                Delegate=yes
                KillMode=mixed

                [Install]
                WantedBy=default.target
                """.formatted(
                stem.equals(CONTAINERD) ? "containerd (Rootless), which is Kelp" : "Kelp, containers without root",
                conflict,
                environment(),
                Unit.argument(program.kelp().toString())));
    }

    private String environment() {
        Stream<String> own = KEPT.stream()
                .filter(name -> machine.variable(name).isPresent())
                .map(name -> Unit.environment(name, machine.variable(name).orElse("")));
        return path(machine, program)
                + Unit.environment(
                        "CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS",
                        machine.variable("CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS")
                                .orElse(""))
                + own.collect(Collectors.joining());
    }

    /// The search path of whoever installs, after the folder of this program and those of programs for root.
    static String path(Machine machine, EngineProgram program) {
        return Unit.environment(
                "PATH",
                program.kelp().getParent() + ":/sbin:/usr/sbin:"
                        + machine.variable("PATH").orElse("/usr/local/bin:/usr/bin:/bin"));
    }

    /// Has the first command start the service.
    public Unit socket() {
        return Unit.of(
                socketName(), """
                [Unit]
                Description=Starts %s with the first command

                [Socket]
                ListenStream=%s
                SocketMode=0600
                DirectoryMode=0700

                [Install]
                WantedBy=sockets.target
                """.formatted(stem, folders.kelpSocket(machine).replace("%", "%%")));
    }
}
