// SPDX-License-Identifier: Apache-2.0

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What goes from a namespace to the host's loopback interface, by iperf3, for a network driver and an MTU: in Kelp's
/// launcher, in RootlessKit, and without any namespace.
final class WayOut {
    private static final String PORT = "15220";
    private static final String LOOPBACK = "127.0.0.1";

    private final Workspace workspace;
    private final String own;
    private final String seconds;

    /// @param own Kelp's `rootlesskit`
    WayOut(Workspace workspace, Path own, boolean quick) {
        this.workspace = workspace;
        this.own = own.toString();
        seconds = quick ? "1" : "3";
        Command server = workspace.command("iperf3", "-s", "-B", LOOPBACK, "-p", PORT);
        workspace.background("iperf3-way-out", server, () -> Registry.answers(Integer.parseInt(PORT)));
    }

    /// Kelp first.
    ///
    /// @param gateway the host as seen from inside
    /// @param other whether RootlessKit has the driver too
    List<Measurement.Trial> trials(String driver, int mtu, String gateway, boolean other) {
        List<Measurement.Trial> trials = new ArrayList<>();
        trials.add(trial("kelp's rootlesskit", launched(own, driver, mtu, gateway)));
        if (other) {
            trials.add(trial("rootlesskit", launched("rootlesskit", driver, mtu, gateway)));
        }
        trials.add(trial("host to host", client(workspace.command("iperf3"), LOOPBACK)));
        return trials;
    }

    private Command launched(String program, String driver, int mtu, String gateway) {
        return client(workspace.command(program, "--net=" + driver, "--mtu=" + mtu, "iperf3"), gateway);
    }

    private Command client(Command iperf3, String host) {
        return iperf3.with("-c", host, "-p", PORT, "-t", seconds, "-J");
    }

    private static Measurement.Trial trial(String name, Command command) {
        return new Measurement.Trial(name, () -> Ports.gigabits(command.output()));
    }
}
