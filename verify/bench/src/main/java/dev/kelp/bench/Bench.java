// SPDX-License-Identifier: Apache-2.0
package dev.kelp.bench;

import dev.kelp.bench.Table.Peer;
import dev.kelp.testkit.Engine;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.LocalRegistry;
import dev.kelp.testkit.PodmanCli;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.TestImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// The measurements, in the order of `ARCHITECTURE.md`'s goals. Arguments: `--rounds N` (20), and the rows to measure,
/// by
/// name: run exec ps images pull parallel memory; all without any. Exit code 1 when a goal was missed.
public final class Bench implements AutoCloseable {
    private static final int ROUNDS = 20;
    private static final int PULL_ROUNDS_MAX = 7;
    private static final int PARALLEL = 64;
    private static final int PARALLEL_ROUNDS_MAX = 5;
    private static final int MANY_CONTAINERS = 65;
    private static final int MEMORY_CONTAINERS = 20;
    private static final Duration IDLE = Duration.ofSeconds(60);
    private static final double MEGABYTE = 1024;

    private final int rounds;
    private final Table table = new Table();
    private final TestImages images = new TestImages();
    private final LocalRegistry registry = LocalRegistry.start();
    private final KelpCli kelp = new KelpCli();
    private final PodmanCli podman = new PodmanCli();
    private final Containerd containerd = new Containerd();
    private final String busybox = registry.push(images.busybox(), "busybox:latest");

    private Bench(int rounds) {
        this.rounds = rounds;
    }

    public static void main(String[] arguments) {
        int rounds = ROUNDS;
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--rounds")) {
                rounds = Integer.parseInt(arguments[++i]);
            } else {
                rows.add(arguments[i]);
            }
        }
        int missed;
        try (Bench bench = new Bench(rounds)) {
            bench.measure(rows);
            System.out.println(bench.table.markdown());
            missed = bench.table.missed();
        }
        System.exit(missed == 0 ? 0 : 1);
    }

    private void measure(List<String> rows) {
        kelp.pull(busybox);
        podman.pull(busybox);
        containerd.pull(busybox).run().succeeded();
        row(rows, "run", this::run);
        row(rows, "exec", this::exec);
        row(rows, "ps", this::ps);
        row(rows, "images", this::listImages);
        row(rows, "pull", this::pulls);
        row(rows, "parallel", this::parallel);
        row(rows, "memory", this::memory);
    }

    private static void row(List<String> wanted, String name, Runnable work) {
        if (wanted.isEmpty() || wanted.contains(name)) {
            work.run();
        }
    }

    private void run() {
        Timing ours = new Timing();
        Timing podmans = new Timing();
        Timing containerds = new Timing();
        Timing bare = new Timing();
        try (BareRuntime crun = new BareRuntime(kelp, images.busyboxRoot())) {
            for (int i = -2; i < rounds; i++) {
                boolean warm = i >= 0;
                (warm ? ours : new Timing()).sample(runTrue(kelp));
                (warm ? podmans : new Timing()).sample(runTrue(podman));
                (warm ? containerds : new Timing()).sample(containerd.run(busybox, "bench" + (i + 2)));
                double millis = crun.run();
                if (warm) {
                    bare.add(millis);
                }
            }
        }
        table.ratio("`run --rm IMAGE true`", ours, new Peer(podmanName(), podmans), 0.25);
        table.ratio("the same", ours, new Peer("ctr run", containerds), 1);
        table.ratio("the same", ours, new Peer("crun run of the same bundle", bare), 2.5);
    }

    private Program runTrue(Engine engine) {
        return engine.command("run", "--rm", "--net=host", busybox, "true");
    }

    private void exec() {
        start(kelp, "box");
        start(podman, "box");
        turns("`exec C true`", 0.15, "exec", "box", "true");
        removeAll();
    }

    private void ps() {
        turns("`ps`, no container", 0.2, "ps");
        IntStream.range(0, MANY_CONTAINERS).forEach(i -> start(kelp, "many" + i));
        IntStream.range(0, MANY_CONTAINERS).forEach(i -> start(podman, "many" + i));
        turns("`ps`, " + MANY_CONTAINERS + " containers", 0.2, "ps");
        turns("`inspect C`, " + MANY_CONTAINERS + " containers", 0.2, "inspect", "many7");
        removeAll();
    }

    private void listImages() {
        turns("`images`", 0.2, "images");
    }

    /// Kelp and Podman in turns with the same words.
    private void turns(String work, double goal, String... words) {
        Timing ours = new Timing();
        Timing theirs = new Timing();
        for (int i = 0; i < rounds; i++) {
            ours.sample(kelp.command(words));
            theirs.sample(podman.command(words));
        }
        table.ratio(work, ours, new Peer(podmanName(), theirs), goal);
    }

    private void pulls() {
        pull("busybox, 1 layer", busybox);
        pull("2,000 small files", registry.push(images.manySmallFiles(2000), "many:latest"));
        Optional<String> debian = TestImages.debian();
        if (debian.isPresent()) {
            pull("Debian", registry.push(debian.get(), "debian:latest"));
        } else {
            System.err.println("no Debian in the cache (sudo verify/testkit/debian-image): its row is left out");
        }
        kelp.pull(busybox);
        podman.pull(busybox);
    }

    private void pull(String what, String reference) {
        Timing ours = new Timing();
        Timing podmans = new Timing();
        Timing containerds = new Timing();
        for (int i = 0; i < Math.min(rounds, PULL_ROUNDS_MAX); i++) {
            kelp.run("rmi", "-f", reference);
            podman.run("rmi", "-f", reference);
            containerd.remove(reference);
            ours.sample(kelp.command("pull", "-q", reference));
            podmans.sample(podman.command("pull", "-q", "--tls-verify=false", reference));
            containerds.sample(containerd.pull(reference));
        }
        table.ratio("pull + unpack, " + what, ours, new Peer("podman", podmans), 0.5);
        table.ratio("the same", ours, new Peer("ctr", containerds), 0.5);
    }

    private void parallel() {
        Timing ours = new Timing();
        Timing theirs = new Timing();
        for (int i = 0; i < Math.min(rounds, PARALLEL_ROUNDS_MAX); i++) {
            ours.add(rateOf(runTrue(kelp)));
            theirs.add(rateOf(runTrue(podman)));
        }
        table.rate(PARALLEL + " × `run --rm IMAGE true` at once", ours, new Peer(podmanName(), theirs), 4);
    }

    /// Containers a second.
    private static double rateOf(Program program) {
        List<String> words = new ArrayList<>(List.of(
                "bash",
                "-c",
                "for i in $(seq " + PARALLEL
                        + "); do \"$@\" & pids+=($!); done; for p in ${pids[@]}; do wait $p || exit; done",
                "parallel"));
        words.addAll(program.command());
        Timing timing = new Timing();
        timing.sample(program.replaced(words).timeoutSeconds(300));
        return PARALLEL * 1000 / timing.median();
    }

    /// Kelp alone: an instance that has done some work and then nothing for a minute, and what a container adds to
    /// it.
    private void memory() {
        kelp.run("rmi", "-f", busybox);
        kelp.pull(busybox);
        rateOf(runTrue(kelp));
        System.err.println("waiting " + IDLE.toSeconds() + " s for the daemon to be idle");
        pause(IDLE);
        table.figure("idle daemon, PSS", Memory.pssKilobytes(kelp.daemonPid()) / MEGABYTE, "MB", 80);
        table.figure("holder, PSS", Memory.pssKilobytes(kelp.holderPid()) / MEGABYTE, "MB", 0);
        long before = engineKilobytes();
        IntStream.range(0, MEMORY_CONTAINERS).forEach(i -> start(kelp, "idle" + i));
        pause(IDLE);
        double each = (engineKilobytes() - before) / MEGABYTE / MEMORY_CONTAINERS;
        table.figure("what a container adds (monitor and daemon)", each, "MB", 2);
        removeAll();
    }

    /// The daemon, the holder and all of this user's monitors.
    private long engineKilobytes() {
        return Memory.pssKilobytes(kelp.daemonPid())
                + Memory.pssKilobytes(kelp.holderPid())
                + Memory.named(Set.of("conmon")).stream()
                        .mapToLong(Memory::pssKilobytes)
                        .sum();
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    private void start(Engine engine, String name) {
        engine.run("run", "-d", "--net=host", "--name", name, busybox, "sleep", "100000")
                .succeeded();
    }

    private void removeAll() {
        kelp.removeContainers();
        podman.command("rm", "-a", "-f", "-t", "0").timeoutSeconds(300).run();
    }

    private String podmanName() {
        return "podman, " + podman.runtime();
    }

    @Override
    public void close() {
        containerd.close();
        podman.close();
        kelp.close();
        registry.close();
        images.close();
    }
}
