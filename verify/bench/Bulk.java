// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Work that grows: lists of many things, long logs, large files, and what it costs to watch.
///
/// Containers of the lists were made and never started, images are names of one image: what is measured is the engine's
/// own bookkeeping.
final class Bulk {
    private static final int[] COUNTS = {10, 100, 1000};

    /// Podman takes a tenth of a second to make a container.
    private static final int PODMAN_COUNT_QUICK = 100;

    private static final long MEBIBYTE = 1 << 20;
    private static final Report.Goal FLAT = Report.Goal.atMost(1.5);
    private static final Report.Goal HALF = Report.Goal.atMost(0.5);
    private static final Report.Goal FIFTH = Report.Goal.atMost(0.2);
    private static final int STATS_SECONDS = 5;

    private final Bench.Options options;
    private final Report report;
    private final Workspace workspace;
    private final Kelp kelp;
    private final Podman podman;
    private final String image;

    Bulk(Bench.Options options, Report report, Workspace workspace, Kelp kelp, Podman podman, String image) {
        this.options = options;
        this.report = report;
        this.workspace = workspace;
        this.kelp = kelp;
        this.podman = podman;
        this.image = image;
    }

    private static Measurement.Trial timed(String name, Command command) {
        return new Measurement.Trial(name, command::millis);
    }

    private List<double[]> measure(int rounds, List<Measurement.Trial> trials) {
        return new Measurement(rounds, options.patienceMillis()).run(2, trials);
    }

    private void row(String work, String against, String unit, Report.Goal goal, double[] ours, double[] theirs) {
        report.add(new Report.Row(work, against, unit, goal, ours, theirs));
    }

    // ---- lists

    void lists() {
        int made = 0;
        List<double[]> few = List.of();
        for (int count : COUNTS) {
            boolean both = !options.quick() || count <= PODMAN_COUNT_QUICK;
            for (; made < count; made++) {
                kelp.command("create", "--net=host", "--name=many-" + made, image, "true").output();
                kelp.command("tag", image, "many:" + made).output();
                if (both) {
                    podman.command("create", "--network=host", "--name=many-" + made, image, "true")
                            .output();
                    podman.command("tag", image, "many:" + made).output();
                }
            }
            List<double[]> now = lists(count, both);
            if (few.isEmpty()) {
                few = now;
            } else {
                String with = ", " + count + " containers and images";
                row("ps" + with, "the same with 10", "ms", FLAT, now.get(0), few.get(0));
                row("inspect C" + with, "the same with 10", "ms", FLAT, now.get(3), few.get(3));
                // grows by its output
                row("images" + with, "the same with 10", "ms", Report.Goal.NONE, now.get(2), few.get(2));
            }
        }
        remove(made);
    }

    private List<double[]> lists(int count, boolean both) {
        List<List<String>> queries =
                List.of(List.of("ps"), List.of("ps", "-a"), List.of("images"), List.of("inspect", "many-0"));
        List<double[]> ours = new ArrayList<>();
        for (List<String> query : queries) {
            String[] words = query.toArray(String[]::new);
            List<Measurement.Trial> trials = new ArrayList<>(List.of(timed("kelp", kelp.command(words))));
            if (both) {
                trials.add(timed("podman", podman.command(words)));
            }
            List<double[]> values = measure(options.quick() ? 5 : 15, trials);
            ours.add(values.getFirst());
            if (both) {
                String work = String.join(" ", query) + ", " + count + " containers and images";
                row(work, "podman " + query.getFirst(), "ms", FIFTH, values.get(0), values.get(1));
            }
        }
        return ours;
    }

    private void remove(int made) {
        String[] names = new String[made];
        String[] tags = new String[made];
        for (int i = 0; i < made; i++) {
            names[i] = "many-" + i;
            tags[i] = "many:" + i;
        }
        kelp.command("rm", "-f").with(names).attempt();
        kelp.command("rmi").with(tags).attempt();
        podman.command("rm", "-f").with(names).attempt();
        podman.command("untag", image).with(tags).attempt();
    }

    // ---- logs

    void logs() {
        long bytes = (options.quick() ? 100 : 1024) * MEBIBYTE;
        String script = "yes 'one of very many lines that a container has written, of usual length' | head -c " + bytes;
        kelp.command("run", "--name=talker", "--net=host", image, "sh", "-c", script).millis();
        podman.command("run", "--name=talker", "--network=host", "--log-driver=k8s-file", image, "sh", "-c", script)
                .millis();
        String size = bytes / MEBIBYTE + " MiB";
        double before = kelp.daemonMegabytes();
        List<double[]> all = measure(
                options.quick() ? 2 : 3,
                List.of(
                        timed("kelp", kelp.command("logs", "talker")),
                        timed("podman logs", podman.command("logs", "talker"))));
        row("logs of " + size, "podman logs", "ms", HALF, all.get(0), all.get(1));
        report.add(new Report.Row(
                "daemon's growth by logs of " + size,
                "",
                "MB",
                Report.Goal.atMost(30),
                new double[] {Math.max(0, kelp.daemonMegabytes() - before)},
                new double[0]));
        List<double[]> tail = measure(
                options.quick() ? 3 : 10,
                List.of(
                        timed("kelp", kelp.command("logs", "--tail=10", "talker")),
                        timed("podman logs", podman.command("logs", "--tail=10", "talker"))));
        row("logs --tail=10 of " + size, "podman logs", "ms", HALF, tail.get(0), tail.get(1));
        kelp.command("rm", "talker").attempt();
        podman.command("rm", "talker").attempt();
    }

    // ---- cp

    void copies() {
        long bytes = (options.quick() ? 256 : 1024) * MEBIBYTE;
        String size = bytes / MEBIBYTE + " MiB";
        Path file = random("large", bytes);
        List<double[]> in = measure(
                options.quick() ? 3 : 5,
                List.of(
                        timed("kelp", kelp.command("cp", file.toString(), "main:/tmp/large")),
                        timed("podman cp", podman.command("cp", file.toString(), "main:/tmp/large"))));
        row("cp of " + size + " into a container", "podman cp", "ms", HALF, in.get(0), in.get(1));
        String out = workspace.path("copied").toString();
        List<double[]> back = measure(
                options.quick() ? 3 : 5,
                List.of(
                        timed("kelp", kelp.command("cp", "main:/tmp/large", out)),
                        timed("podman cp", podman.command("cp", "main:/tmp/large", out))));
        row("cp of " + size + " out of a container", "podman cp", "ms", HALF, back.get(0), back.get(1));
        try {
            if (Files.mismatch(file, Path.of(out)) >= 0) {
                throw new IllegalStateException("what came back is not what was copied");
            }
            Files.delete(Path.of(out));
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException("compare the copies", e);
        }
    }

    private Path random(String name, long bytes) {
        Path file = workspace.path(name);
        byte[] block = new byte[(int) MEBIBYTE];
        Random random = new Random(1);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long done = 0; done < bytes; done += block.length) {
                random.nextBytes(block);
                out.write(block);
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("make a large file", e);
        }
    }

    // ---- stats

    /// What a watching user costs: the daemon's share of a processor while `stats` shows some containers.
    void stats() {
        int containers = 10;
        String[] names = new String[containers];
        for (int i = 0; i < containers; i++) {
            names[i] = "watched-" + i;
            kelp.command("run", "-d", "--net=host", "--name=" + names[i], image, "sleep", "100000")
                    .output();
        }
        double idle = processorShare();
        double[] share = new double[1];
        try {
            Process watching = kelp.command("stats").start(workspace.path("stats.log"));
            Machine.sleepMillis(1000);
            share[0] = Math.max(0, processorShare() - idle);
            watching.destroy();
            watching.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException("start stats", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        report.add(new Report.Row(
                "stats of " + containers + " containers: the daemon's processor time",
                "",
                "ms/s",
                Report.Goal.atMost(50),
                share,
                new double[0]));
        List<double[]> once =
                measure(options.quick() ? 2 : 5, List.of(timed("kelp", kelp.command("stats", "--no-stream"))));
        report.add(new Report.Row(
                "stats --no-stream of " + (containers + 1) + " containers",
                "",
                "ms",
                Report.Goal.NONE,
                once.getFirst(),
                new double[0]));
        kelp.command("rm", "-f").with(names).attempt();
    }

    /// Milliseconds of a second.
    private double processorShare() {
        double before = kelp.daemonProcessorMillis();
        Machine.sleepMillis(STATS_SECONDS * 1000L);
        return (kelp.daemonProcessorMillis() - before) / STATS_SECONDS;
    }
}
