// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/// The pieces of work that are measured.
final class Cases {
    private static final int FLEET = 64;
    private static final int IDLE_SECONDS = 60;
    private static final int WARM_UPS = 25;
    private static final int FEW_WARM_UPS = 1;
    private static final String NO_NETWORK = "kelp, no network";
    private static final String CRUN = "crun run, same bundle, host network";
    private static final String PODMAN_HOST = "podman run, host network";
    private static final String SLEEP = "\"args\":[\"sleep\",\"100000\"]";

    private final Bench.Options options;
    private final Report report;
    private final Workspace workspace;
    private final Registry registry;
    private final Podman podman;
    private Kelp kelp;
    private Containerd containerd;
    private Path launcher;
    private String image;
    private int rounds;
    private int calmRounds;

    Cases(Bench.Options options, Report report, Workspace workspace) {
        this.options = options;
        this.report = report;
        this.workspace = workspace;
        registry = Registry.start(workspace);
        podman = Podman.start(workspace, options.podmanDirect());
    }

    void run(Path checkout, Path tree) {
        kelp = Kelp.start(workspace, tree);
        launcher = tree.resolve("bin/rootlesskit");
        registry.pushSmall(podman);
        image = registry.small();
        if (wanted("pull", "idle")) {
            registry.pushLarge(checkout);
        }
        if (wanted("run", "pull")) {
            containerd = Containerd.start(workspace);
        }
        noteMachine();
        if (wanted("pull")) {
            pull("small", image, Report.Goal.atMost(0.5));
            pull("large", registry.large(), Report.Goal.atMost(0.5));
        }
        kelp.command("pull", "-q", image).output();
        podman.command("pull", "-q", "--tls-verify=false", image).output();
        String container = kelp.command("run", "-d", "--net=host", "--name=main", image, "sleep", "100000")
                .output();
        podman.command("run", "-d", "--network=host", "--name=main", image, "sleep", "100000")
                .output();
        if (wanted("run")) {
            runTrue(container);
        }
        measureQueries("");
        if (wanted("parallel", "ps")) {
            fleet();
        }
        if (wanted("ports")) {
            ports();
        }
        if (wanted("way-out")) {
            wayOut();
        }
        if (wanted("accelerated")) {
            accelerated();
        }
        bulk();
        if (wanted("idle")) {
            idle();
        }
        report.note(calmRounds + " of " + rounds + " rounds began on a calm machine");
    }

    private void bulk() {
        Bulk bulk = new Bulk(options, report, workspace, kelp, podman, image);
        if (wanted("logs")) {
            bulk.logs();
        }
        if (wanted("cp")) {
            bulk.copies();
        }
        if (wanted("stats")) {
            bulk.stats();
        }
        if (wanted("lists")) {
            bulk.lists();
        }
    }

    private boolean wanted(String... names) {
        return List.of(names).stream().anyMatch(options.cases()::contains);
    }

    private void noteMachine() {
        report.note("what lasts no longer than the machine runs is in memory, as in /run/user of ordinary machines,"
                + " for all");
        report.note("before a row all of its peers do its work " + WARM_UPS + " times (a large pull and a fleet: once),"
                + " since daemons and page caches of real users are warm");
        double[] floor = new Measurement(options.quick() ? 10 : 50, 0)
                .run(FEW_WARM_UPS, List.of(timed("true", workspace.command("/bin/true"))))
                .getFirst();
        report.note("`/bin/true` takes %.1f ms measured the same way".formatted(Measurement.median(floor)));
        report.note(String.join(
                "; ",
                kelp.description(),
                podman.description(),
                containerd == null ? "no containerd" : containerd.description(),
                workspace.command("crun", "--version").output().lines().findFirst().orElse("crun")));
        report.note(Runtime.getRuntime().availableProcessors() + " processors, Linux "
                + System.getProperty("os.version"));
    }

    private void runTrue(String container) {
        List<Measurement.Trial> trials = new ArrayList<>(List.of(
                timed("kelp", kelp.command("run", "--rm", image, "true")),
                timed(NO_NETWORK, kelp.command("run", "--rm", "--net=none", image, "true")),
                timed("kelp, host network", kelp.command("run", "--rm", "--net=host", image, "true")),
                timed(PODMAN_HOST, podman.command("run", "--rm", "--network=host", image, "true")),
                timed(CRUN, kelp.crun(container, SLEEP))));
        containerd.command("image", "pull", "--plain-http", image).output();
        trials.add(timed("containerd: ctr run, host network", containerd.command(
                "run", "--rm", "--net-host", "--cgroup", "", "--runc-binary", "crun", image, "bench", "true")));
        compare(
                "run --rm IMAGE true, on a bridge",
                options.quick() ? 8 : 30,
                trials,
                Map.of(
                        NO_NETWORK, Report.Goal.atMost(1.3),
                        PODMAN_HOST, Report.Goal.atMost(0.25),
                        CRUN, Report.Goal.atMost(2.5)));
    }

    /// Those that look only; the names get `more` appended.
    private void measureQueries(String more) {
        if (wanted("exec") && more.isEmpty()) {
            query("exec C true", "exec", 0.15, "main", "true");
        }
        if (wanted("ps")) {
            query("ps" + (more.isEmpty() ? ", 1 container" : more), "ps", 0.2);
        }
        if (wanted("images") && more.isEmpty()) {
            query("images", "images", 0.2);
        }
        if (wanted("inspect") && more.isEmpty()) {
            query("inspect C", "inspect", 0.2, "main");
        }
    }

    private void query(String work, String command, double goal, String... words) {
        String peer = "podman " + command;
        compare(
                work,
                options.quick() ? 10 : 40,
                List.of(
                        timed("kelp", kelp.command(command).with(words)),
                        timed(peer, podman.command(command).with(words))),
                Map.of(peer, Report.Goal.atMost(goal)));
    }

    /// Each pull follows the removal of the image; that everything really came over the wire, the registry's log
    /// must show.
    private void pull(String name, String reference, Report.Goal goal) {
        int count = options.quick() ? 3 : name.equals("small") ? 20 : 9;
        long before = registry.blobReads(name);
        List<Measurement.Trial> trials = List.of(
                timedAfter(
                        "kelp", kelp.command("rmi", "-f", reference), kelp.command("pull", "-q", reference)),
                timedAfter(
                        "podman pull",
                        podman.command("rmi", "-f", reference),
                        podman.command("pull", "-q", "--tls-verify=false", reference)),
                timedAfter(
                        "containerd: ctr pull",
                        containerd.command("image", "rm", "--sync", reference),
                        containerd.command("image", "pull", "--plain-http", reference)));
        compare(
                "pull and unpack, " + name + " image",
                count,
                name.equals("small") ? WARM_UPS : FEW_WARM_UPS,
                trials,
                Map.of("podman pull", goal, "containerd: ctr pull", goal));
        // The configuration and the one layer.
        long expected = 2L * trials.size() * count;
        long read = registry.blobReads(name) - before;
        if (read < expected) {
            throw new IllegalStateException(
                    read + " blobs of the " + name + " image were read in " + expected / 2
                            + " pulls; somebody kept one");
        }
    }

    /// 64 containers at once; while they are there, what lists them and what they take.
    private void fleet() {
        double before = kelp.daemonMegabytes();
        Command ours = kelp.command("run", "-d", "--network=host");
        Command theirs = podman.command("run", "-d", "--network=host");
        int count = options.quick() ? 1 : 3;
        List<double[]> rates = new ArrayList<>(List.of(new double[count], new double[count]));
        startFleet(ours);
        startFleet(theirs);
        removeFleet();
        for (int round = 0; round < count; round++) {
            if (round > 0) {
                removeFleet();
            }
            Machine.awaitCalm(options.patienceMillis());
            for (int turn = 0; turn < 2; turn++) {
                boolean kelpsTurn = (round + turn) % 2 == 0;
                rates.get(kelpsTurn ? 0 : 1)[round] = startFleet(kelpsTurn ? ours : theirs);
            }
        }
        if (wanted("parallel")) {
            report.add(new Report.Row(
                    FLEET + " containers started in parallel, host network",
                    "podman run -d",
                    "/s",
                    Report.Goal.atLeast(4),
                    rates.get(0),
                    rates.get(1)));
            int running = kelp.command("ps", "-q").output().split("\n").length;
            if (running != FLEET + 1) {
                throw new IllegalStateException(running + " containers are running instead of " + (FLEET + 1));
            }
            single("memory of a container's monitor", "MB", Report.Goal.NONE, kelp.monitorMegabytes() / running);
            double growth = Math.max(0, kelp.daemonMegabytes() - before) / FLEET;
            single("daemon's growth for a container", "MB", Report.Goal.NONE, growth);
            single(
                    "memory a container adds (both)",
                    "MB",
                    Report.Goal.atMost(2),
                    growth + kelp.monitorMegabytes() / running);
        }
        measureQueries(", 65 containers");
        removeFleet();
    }

    /// All client processes are there at once; returns containers a second.
    private double startFleet(Command run) {
        Path log = workspace.path("fleet.log");
        List<Process> clients = new ArrayList<>();
        long start = System.nanoTime();
        try {
            for (int i = 0; i < FLEET; i++) {
                clients.add(run.with("--name=fleet-" + i, image, "sleep", "100000").start(log));
            }
            for (Process client : clients) {
                if (client.waitFor() != 0) {
                    throw new IllegalStateException("a container of the fleet did not start; see " + log);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("start a fleet", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return FLEET / ((System.nanoTime() - start) / 1e9);
    }

    private void removeFleet() {
        String[] names = new String[FLEET];
        for (int i = 0; i < FLEET; i++) {
            names[i] = "fleet-" + i;
        }
        kelp.command("rm", "-f").with(names).attempt();
        podman.command("rm", "-f", "-t", "0").with(names).attempt();
    }

    private void ports() {
        Ports ports = new Ports(workspace, kelp, options.quick());
        compare(
                "a published TCP port, to a container on a bridge",
                "Gbit/s",
                options.quick() ? 3 : 7,
                FEW_WARM_UPS,
                ports.start(),
                peer -> peer.startsWith("rootlesskit") ? Report.Goal.atLeast(1.5) : Report.Goal.NONE);
        compare(
                "the same, to a launcher's command",
                "Gbit/s",
                options.quick() ? 3 : 7,
                FEW_WARM_UPS,
                ports.start(launcher),
                peer -> peer.startsWith("rootlesskit") ? Report.Goal.atLeast(1.5) : Report.Goal.NONE);
    }

    /// slirp4netns is the same program for all: its rows say what the engines add.
    private void wayOut() {
        WayOut out = new WayOut(workspace, launcher, kelp, podman, options.quick());
        for (int mtu : List.of(1500, 65520)) {
            wayOut("slirp4netns, mtu " + mtu, out.slirp4netns(mtu));
            wayOut("pasta, mtu " + mtu, out.pasta(mtu));
        }
    }

    private void wayOut(String what, List<Measurement.Trial> trials) {
        int count = options.quick() ? 2 : 5;
        compare("way out by " + what, "Gbit/s", count, FEW_WARM_UPS, trials, peer -> Report.Goal.NONE);
    }

    private void accelerated() {
        Accelerated all = new Accelerated(workspace, kelp, podman, options.quick());
        all.notes().forEach(report::note);
        for (boolean in : List.of(true, false)) {
            String way = in ? "to a container's published port" : "from a container to the host";
            for (boolean six : List.of(false, true)) {
                if (!in && !Accelerated.hasOwn(six)) {
                    report.note("this machine has no " + (six ? "IPv6" : "IPv4") + " address to ask from a container");
                    continue;
                }
                for (int streams : List.of(1, 8)) {
                    accelerated(
                            "%s, IPv%d, %d TCP stream%s".formatted(way, six ? 6 : 4, streams, streams > 1 ? "s" : ""),
                            "Gbit/s",
                            Report.Goal.atLeast(0.95),
                            all.streams(in, six, streams));
                }
            }
            if (in || Accelerated.hasOwn(false)) {
                accelerated(way + ", redis GET", "/s", Report.Goal.atLeast(0.9), all.redis(in));
                accelerated(way + ", HTTP of nginx", "/s", Report.Goal.atLeast(0.9), all.http(in));
                accelerated(way + ", a connection and a request", "ms", Report.Goal.NONE, all.connections(in));
            }
        }
    }

    private void accelerated(String work, String unit, Report.Goal ofHost, List<Measurement.Trial> trials) {
        compare(
                work,
                unit,
                options.quick() ? 2 : 5,
                FEW_WARM_UPS,
                trials,
                peer -> peer.startsWith("host") ? ofHost : Report.Goal.NONE);
    }

    private void idle() {
        kelp.command("rm", "-f", "main").output();
        kelp.command("rmi", "-f", registry.large()).attempt();
        kelp.command("system", "restart").output();
        kelp.command("pull", "-q", registry.large()).output();
        for (int i = 0; i < FLEET; i++) {
            kelp.command("run", "--rm", image, "true").output();
        }
        Machine.sleepMillis(IDLE_SECONDS * 1000L);
        single(
                "idle daemon, " + IDLE_SECONDS + " s after a large pull and " + FLEET + " runs (PSS)",
                "MB",
                Report.Goal.atMost(80),
                kelp.daemonMegabytes());
    }

    private void single(String work, String unit, Report.Goal goal, double value) {
        report.add(new Report.Row(work, "", unit, goal, new double[] {value}, new double[0]));
    }

    /// Measures all trials, the first of which is Kelp's, and adds a row for each of the others.
    private void compare(String work, int count, List<Measurement.Trial> trials, Map<String, Report.Goal> goals) {
        compare(work, count, WARM_UPS, trials, goals);
    }

    private void compare(
            String work, int count, int warmUps, List<Measurement.Trial> trials, Map<String, Report.Goal> goals) {
        compare(work, "ms", count, warmUps, trials, peer -> goals.getOrDefault(peer, Report.Goal.NONE));
    }

    private void compare(
            String work,
            String unit,
            int count,
            int warmUps,
            List<Measurement.Trial> trials,
            Function<String, Report.Goal> goals) {
        Measurement measurement = new Measurement(count, options.patienceMillis());
        List<double[]> values = measurement.run(warmUps, trials);
        rounds += count;
        calmRounds += measurement.calmRounds();
        for (int i = 1; i < trials.size(); i++) {
            String peer = trials.get(i).name();
            report.add(new Report.Row(work, peer, unit, goals.apply(peer), values.get(0), values.get(i)));
        }
    }

    private static Measurement.Trial timed(String name, Command command) {
        return new Measurement.Trial(name, command::millis);
    }

    private static Measurement.Trial timedAfter(String name, Command before, Command command) {
        DoubleSupplier once = () -> {
            before.attempt();
            return command.millis();
        };
        return new Measurement.Trial(name, once);
    }
}
