// SPDX-License-Identifier: Apache-2.0

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What goes from a namespace to the host, by iperf3, for a network driver and an MTU: in Kelp's launcher and a
/// container of Kelp's, in RootlessKit, in Podman, and without any namespace.
final class WayOut {
    private static final int PORT = 15220;
    private static final String LOOPBACK = "127.0.0.1";
    private static final String GATEWAY = "10.0.2.2";

    private final Workspace workspace;
    private final String own;
    private final Kelp kelp;
    private final Podman podman;
    private final Path root;
    private final String seconds;

    /// @param own Kelp's `rootlesskit`
    WayOut(Workspace workspace, Path own, Kelp kelp, Podman podman, boolean quick) {
        this.workspace = workspace;
        this.own = own.toString();
        this.kelp = kelp;
        this.podman = podman;
        seconds = quick ? "1" : "3";
        root = ProgramRoot.make(workspace, "way-out", "iperf3");
        Command server = workspace.command("iperf3", "-s", "-p", Integer.toString(PORT));
        workspace.background("iperf3-way-out", server, () -> Registry.answers(PORT));
    }

    /// Kelp first.
    List<Measurement.Trial> slirp4netns(int mtu) {
        List<Measurement.Trial> trials = new ArrayList<>();
        trials.add(trial("kelp's rootlesskit", launched(own, "slirp4netns", mtu)));
        trials.add(trial("rootlesskit", launched("rootlesskit", "slirp4netns", mtu)));
        String network = "slirp4netns:allow_host_loopback=true,mtu=" + mtu;
        Command others = podman.command("run", "--rm", "--network=" + network, "--rootfs", root.toString(), "iperf3");
        trials.add(trial("podman, slirp4netns", client(others, GATEWAY)));
        if (Accelerated.hasOwn(false)) {
            String name = "mtu" + mtu;
            kelp.command("network", "create", "-o", "mtu=" + mtu, name).output();
            workspace.atEnd(() -> kelp.command("network", "rm", name).attempt());
            Command ours = kelp.command("run", "--rm", "--network=" + name, "--rootfs", root.toString(), "iperf3");
            trials.add(trial("kelp's container, on a bridge", client(ours, Accelerated.own())));
        }
        trials.add(host());
        return trials;
    }

    /// In Kelp's launcher and by itself; RootlessKit 1.1 and Podman 4.3 do not know it.
    List<Measurement.Trial> pasta(int mtu) {
        Command alone = workspace
                .command("pasta", "--config-net", "-q", "-m", Integer.toString(mtu))
                .with("-a", "10.0.2.100", "-n", "255.255.255.0", "-g", GATEWAY, "--", "iperf3");
        return List.of(
                trial("kelp's rootlesskit", launched(own, "pasta", mtu)),
                trial("pasta by itself", client(alone, GATEWAY)),
                host());
    }

    private Measurement.Trial host() {
        return trial("host to host", client(workspace.command("iperf3"), LOOPBACK));
    }

    private Command launched(String program, String driver, int mtu) {
        Command iperf3 = workspace.command(program, "--net=" + driver, "--mtu=" + mtu, "iperf3");
        return client(iperf3, GATEWAY);
    }

    private Command client(Command iperf3, String to) {
        return iperf3.with("-c", to, "-p", Integer.toString(PORT), "-t", seconds, "-J");
    }

    private static Measurement.Trial trial(String name, Command command) {
        return new Measurement.Trial(name, () -> Ports.gigabits(command.output()));
    }
}
