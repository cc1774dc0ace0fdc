// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.e2e.ChaosWorker.Box;
import dev.kelp.e2e.ChaosWorker.Known;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Kills the daemon again and again while workers use it, then compares what is there with what was acknowledged.
///
/// `KELP_CHAOS_SECONDS` says how long (15 when unset), `KELP_CHAOS_SEED` repeats the order of the workers' commands,
/// `KELP_CHAOS_WORKERS` their number. `KELP_CHAOS_HOLDER=1` kills the holder now and then too.
@Tag("e2e")
class ChaosTest {
    private static final int SECONDS = setting("KELP_CHAOS_SECONDS", 15);
    private static final int WORKERS = setting("KELP_CHAOS_WORKERS", 4);
    private static final long SEED = setting("KELP_CHAOS_SEED", (int) (System.nanoTime() & 0xffff));
    private static final boolean HOLDER_TOO = setting("KELP_CHAOS_HOLDER", 0) == 1;

    /// The holder gives up on a daemon that ends more than 10 times in a minute, so on average it lives longer.
    private static final int LIFE_MILLIS_MIN = 300;

    private static final int LIFE_MILLIS_MAX = 12_000;
    private static final Duration SETTLING = Duration.ofSeconds(30);

    private static int setting(String name, int otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : Integer.parseInt(value);
    }

    @Test
    void whatWasAcknowledgedHoldsAndNothingElseStays() throws InterruptedException {
        System.err.println("chaos: seed " + SEED + ", " + SECONDS + " s, " + WORKERS + " workers");
        try (KelpCli kelp = Engines.kelp()) {
            List<ChaosWorker> workers = work(kelp);
            workers.forEach(w -> System.err.println("chaos: " + w.summary()));
            List<String> violations = new ArrayList<>();
            workers.forEach(w -> violations.addAll(w.violations()));
            kelp.run("system", "restart").succeeded();
            workers.forEach(w -> compare(kelp, w, violations));
            cleanUp(kelp, violations);
            assertThat(violations).as("seed " + SEED + "\n" + kelp.daemonLog()).isEmpty();
        }
    }

    private static List<ChaosWorker> work(KelpCli kelp) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        List<ChaosWorker> workers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            String image = Engines.registry().push(Engines.images().layered(i + 1), "chaos" + i + ":latest");
            ChaosWorker worker =
                    new ChaosWorker(kelp, i, List.of(Engines.busybox(), image), SEED, () -> System.nanoTime() < end);
            workers.add(worker);
            threads.add(Thread.ofPlatform().name("worker-" + i).start(worker));
        }
        Random random = new Random(SEED);
        int kills = 0;
        for (long left = left(end); left > 0; left = left(end)) {
            Thread.sleep(Math.min(left, random.nextLong(LIFE_MILLIS_MIN, LIFE_MILLIS_MAX)));
            kill(HOLDER_TOO && random.nextInt(4) == 0 ? "holder pid" : "daemon pid", kelp);
            kills++;
        }
        for (Thread t : threads) {
            t.join();
        }
        System.err.println("chaos: " + kills + " kills");
        return workers;
    }

    private static long left(long end) {
        return (end - System.nanoTime()) / 1_000_000;
    }

    /// Between two daemons, or two holders, there is nobody to kill.
    private static void kill(String whom, KelpCli kelp) {
        kelp.run("system", "status").lines().stream()
                .filter(line -> line.matches(whom + ": [1-9]\\d*"))
                .map(line -> line.substring(whom.length() + 2))
                .forEach(pid -> Program.of("kill", "-9", pid).run());
    }

    private static void compare(KelpCli kelp, ChaosWorker worker, List<String> violations) {
        Set<String> there = kelp.run("ps", "-a", "--format", "{{.Names}}").succeeded().lines().stream()
                .collect(Collectors.toSet());
        for (Box box : worker.boxes().values()) {
            if (box.exists == Known.YES && !there.contains(box.name)) {
                violations.add("acknowledged container " + box.name + " is lost");
            }
            if (box.exists == Known.NO && there.contains(box.name)) {
                violations.add("container " + box.name + " is back after rm");
            }
            if (box.exists == Known.YES && box.code >= 0 && box.starts == 1 && box.startsKnown && !box.disturbed) {
                compareRun(kelp, box, violations);
            }
        }
        Set<String> images = kelp.run("images", "--format", "{{.Repository}}:{{.Tag}}").succeeded().lines().stream()
                .collect(Collectors.toSet());
        boolean here = images.contains(worker.image());
        if (worker.imageHere() == Known.YES && !here || worker.imageHere() == Known.NO && here) {
            violations.add("image " + worker.image() + ": here " + here + ", acknowledged " + worker.imageHere());
        }
        if (here) {
            Outcome run = kelp.run("run", "--rm", "--net=host", worker.image(), "cat", "/layer/last");
            if (run.exitCode() != 0) {
                violations.add("image " + worker.image() + " does not run: " + run);
            }
        }
    }

    private static void compareRun(KelpCli kelp, Box box, List<String> violations) {
        Outcome code = kelp.run("wait", box.name);
        if (!code.text().equals(Integer.toString(box.code))) {
            violations.add("container " + box.name + " ended with " + box.code + " but: " + code);
        }
        Outcome log = kelp.run("logs", box.name);
        if (!log.out().equals(ChaosWorker.numbered())) {
            violations.add("the log of " + box.name + " has gaps: " + log);
        }
    }

    private static void cleanUp(KelpCli kelp, List<String> violations) {
        Leftovers leftovers = new Leftovers(kelp);
        violations.addAll(leftovers.databaseDamage());
        violations.addAll(leftovers.damagedBlobs());
        kelp.removeContainers();
        try {
            Waiting.until(
                    SETTLING,
                    "nothing is left of the containers",
                    () -> leftovers.withoutContainers().isEmpty(),
                    () -> String.join("\n", leftovers.withoutContainers()));
        } catch (AssertionError e) {
            violations.add(String.valueOf(e.getMessage()));
        }
    }
}
