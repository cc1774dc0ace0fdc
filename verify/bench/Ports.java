// SPDX-License-Identifier: Apache-2.0

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What goes through a published TCP port, by iperf3 on the loopback interface: Kelp's forwarder beside RootlessKit's
/// builtin driver and a service that needs no port to be forwarded.
final class Ports {
    private static final String SERVED = "5201";
    private static final int OWN_PORT = 15210;
    private static final String LOOPBACK = "127.0.0.1";
    private static final Pattern RECEIVED =
            Pattern.compile("\"sum_received\":\\s*\\{[^}]*\"bits_per_second\":\\s*([0-9.e+]+)");

    private final Workspace workspace;
    private final Kelp kelp;
    private final String seconds;
    private final List<Measurement.Trial> others = new ArrayList<>();

    Ports(Workspace workspace, Kelp kelp, boolean quick) {
        this.workspace = workspace;
        this.kelp = kelp;
        seconds = quick ? "1" : "3";
    }

    /// Kelp first.
    List<Measurement.Trial> start() {
        List<Measurement.Trial> trials = new ArrayList<>();
        kelp.command("run", "-d", "--name=iperf3", "-p", LOOPBACK + ":15201:" + SERVED)
                .with("--rootfs", "/", "iperf3", "-s")
                .output();
        workspace.atEnd(() -> kelp.command("rm", "-f", "iperf3").attempt());
        trials.add(trial("kelp", 15201));
        workspace.background("iperf3", workspace.command("iperf3", "-s", "-B", LOOPBACK, "-p", "15202"), () -> true);
        trials.add(trial("no forwarding", 15202));
        trials.addAll(launchers());
        return trials;
    }

    /// The same driver in a launcher, whose service is in the namespace itself and not behind a bridge.
    ///
    /// @param own Kelp's `rootlesskit`, which comes first
    List<Measurement.Trial> start(Path own) {
        List<Measurement.Trial> trials = new ArrayList<>();
        workspace.background("own-rootlesskit", rootlesskit(own.toString(), OWN_PORT), () -> true);
        trials.add(trial("kelp's rootlesskit", OWN_PORT));
        int port = OWN_PORT + 1;
        workspace.background(
                "own-slirp4netns", rootlesskit(own.toString(), port, "slirp4netns", "slirp4netns"), () -> true);
        trials.add(trial("kelp's rootlesskit, port driver slirp4netns", port));
        port++;
        // pasta publishes what listens, under the same number
        Command pasta = workspace
                .command(own.toString(), "--net=pasta", "--port-driver=implicit", "--disable-host-loopback")
                .with("--state-dir=" + workspace.folder("rootlesskit-" + port))
                .with("iperf3", "-s", "-p", Integer.toString(port));
        workspace.background("own-pasta", pasta, () -> true);
        trials.add(trial("kelp's rootlesskit, port driver implicit with pasta", port));
        trials.addAll(others);
        return trials;
    }

    private List<Measurement.Trial> launchers() {
        int port = 15203;
        for (String program : List.of("rootlesskit", System.getProperty("user.home") + "/go/bin/rootlesskit")) {
            if (program.startsWith("/") && !Files.isExecutable(Path.of(program))) {
                continue;
            }
            String name = "rootlesskit " + version(program) + " builtin";
            workspace.background(name.replace(' ', '-'), rootlesskit(program, port), () -> true);
            others.add(trial(name, port));
            port++;
        }
        return others;
    }

    private String version(String program) {
        return workspace.command(program, "--version").output().replaceFirst(".*version ", "");
    }

    private Command rootlesskit(String program, int port) {
        return rootlesskit(program, port, "slirp4netns", "builtin");
    }

    private Command rootlesskit(String program, int port, String network, String driver) {
        return workspace
                .command(program, "--net=" + network, "--port-driver=" + driver, "--disable-host-loopback")
                .with("--state-dir=" + workspace.folder("rootlesskit-" + port))
                .with("-p", LOOPBACK + ":" + port + ":" + SERVED + "/tcp", "iperf3", "-s");
    }

    private Measurement.Trial trial(String name, int port) {
        awaitService(name, port);
        Command client = workspace.command(
                "iperf3", "-c", LOOPBACK, "-p", Integer.toString(port), "-t", seconds, "-J");
        return new Measurement.Trial(name, () -> gigabits(client.output()));
    }

    /// The first connection that a service takes may come a moment after its program started.
    private void awaitService(String name, int port) {
        for (int i = 0; i < 100; i++) {
            try {
                gigabits(workspace
                        .command("iperf3", "-c", LOOPBACK, "-p", Integer.toString(port), "-n", "1K", "-J")
                        .output());
                return;
            } catch (IllegalStateException e) {
                Machine.sleepMillis(50);
            }
        }
        throw new IllegalStateException(name + " does not answer at port " + port);
    }

    static double gigabits(String json) {
        Matcher m = RECEIVED.matcher(json);
        if (!m.find()) {
            throw new IllegalStateException("iperf3 says nothing about what was received: " + json);
        }
        return Double.parseDouble(m.group(1)) / 1e9;
    }
}
