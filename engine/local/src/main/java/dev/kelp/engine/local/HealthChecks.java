// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.HealthProbe;
import dev.kelp.engine.Containers.HealthStatus;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.CapturedExec;
import dev.kelp.runtime.ContainerTask;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Runs the health checks of all containers, by Docker's rules: one after the other for each container, the pause
/// beginning when a check has ended.
///
/// One timer says when; a few threads start the checks. While a check runs no thread waits for it, so checks that hang
/// take nothing from the others. What came of them is in the database before anybody sees it.
final class HealthChecks implements AutoCloseable {
    /// What Docker keeps of the past and of a check's output.
    static final int LOG_MAX = 5;

    static final int OUTPUT_BYTES_MAX = 4096;

    private static final Logger LOG = System.getLogger(HealthChecks.class.getName());
    private static final int STARTERS = 4;
    private static final long IDLE_SECONDS = 10;

    private final HealthRecords records;
    private final Probing probing;
    private final ContainerEvents events;
    private final ScheduledExecutorService timer;
    private final ThreadPoolExecutor starters;
    private final Map<String, Watched> watched = new ConcurrentHashMap<>();
    private final Map<String, Health> states;

    /// What the checks need of the engine.
    interface Probing {
        CapturedExec start(ContainerRecord c, ContainerTask task, List<String> command, int outputBytesMax);

        /// Does what `--health-on-failure` says about a container that became unhealthy.
        void onFailure(ContainerRecord c, ContainerTask task, String action);
    }

    /// A running container with a check. Guarded by itself.
    private static final class Watched {
        final ContainerRecord container;
        final ContainerTask task;
        final HealthCheck check;
        Optional<Future<?>> next = Optional.empty();
        boolean over;

        Watched(ContainerRecord container, ContainerTask task, HealthCheck check) {
            this.container = container;
            this.task = task;
            this.check = check;
        }

        Instant started() {
            return Instant.ofEpochMilli(container.run().startedMillis());
        }
    }

    HealthChecks(HealthRecords records, Probing probing, ContainerEvents events, ScheduledExecutorService timer) {
        this.records = records;
        this.probing = probing;
        this.events = events;
        this.timer = timer;
        this.states = new ConcurrentHashMap<>(records.all());
        starters = new ThreadPoolExecutor(
                STARTERS,
                STARTERS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon(true).name("health-", 1).factory());
        starters.allowCoreThreadTimeOut(true);
    }

    /// How a container's checks went; empty when it has none.
    Optional<Health> of(ContainerRecord c) {
        return Optional.ofNullable(states.get(c.id()));
    }

    /// Begins with the checks of a container. One that ran before this daemon keeps its state.
    void runs(ContainerRecord c, ContainerTask task, boolean resumed) {
        Optional<HealthCheck> check = HealthCheck.of(c.definition());
        if (check.isEmpty()) {
            return;
        }
        Watched w = new Watched(c, task, check.get());
        Health before = states.get(c.id());
        if (!resumed || before == null) {
            keep(c, new Health(HealthStatus.STARTING, 0, before == null ? List.of() : before.log()));
        }
        watched.put(c.id(), w);
        schedule(w);
    }

    private void schedule(Watched w) {
        synchronized (w) {
            if (!w.over) {
                long millis = Math.max(1, pause(w).toMillis());
                w.next = Optional.of(
                        timer.schedule(() -> starters.execute(() -> begin(w)), millis, TimeUnit.MILLISECONDS));
            }
        }
    }

    private Duration pause(Watched w) {
        boolean starting =
                state(w).status() == HealthStatus.STARTING && w.check.isStartPeriod(w.started(), Instant.now());
        return starting ? w.check.startInterval() : w.check.interval();
    }

    private Health state(Watched w) {
        return states.getOrDefault(w.container.id(), new Health(HealthStatus.STARTING, 0, List.of()));
    }

    private void begin(Watched w) {
        var _ = probe(w).whenComplete((p, e) -> schedule(w));
    }

    /// Runs the check of a running container now.
    ///
    /// @throws KelpException FAILED_PRECONDITION when it has none
    CompletableFuture<HealthProbe> probe(ContainerRecord c) {
        Watched w = watched.get(c.id());
        if (w == null) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "container has no health check configured: " + c.name());
        }
        return probe(w);
    }

    private CompletableFuture<HealthProbe> probe(Watched w) {
        Instant start = Instant.now();
        CapturedExec run;
        try {
            run = probing.start(w.container, w.task, w.check.command(), OUTPUT_BYTES_MAX);
        } catch (RuntimeException e) {
            HealthProbe failed = new HealthProbe(start, Instant.now(), -1, String.valueOf(e.getMessage()));
            took(w, failed);
            return CompletableFuture.completedFuture(failed);
        }
        CompletableFuture<Boolean> tooLong = new CompletableFuture<>();
        Future<?> limit = timer.schedule(
                () -> {
                    tooLong.complete(true);
                    run.kill();
                },
                w.check.timeout().toNanos(),
                TimeUnit.NANOSECONDS);
        return run.exit()
                .handleAsync(
                        (exit, failure) -> {
                            limit.cancel(false);
                            HealthProbe probe = tooLong.isDone()
                                    ? new HealthProbe(
                                            start, Instant.now(), -1, timedOut(w.check.timeout(), run.output()))
                                    : new HealthProbe(
                                            start,
                                            Instant.now(),
                                            exit == null ? -1 : exit.code(),
                                            exit == null
                                                    ? String.valueOf(failure)
                                                    : exit.failure().orElseGet(run::output));
                            took(w, probe);
                            return probe;
                        },
                        starters);
    }

    private static String timedOut(Duration limit, String output) {
        String said = "Health check exceeded timeout (" + GoDuration.text(limit) + ")";
        return output.isEmpty() ? said : said + ": " + output;
    }

    /// Notes what came of a check, unless the container has ended meanwhile.
    private void took(Watched w, HealthProbe probe) {
        synchronized (w) {
            if (w.over) {
                return;
            }
            Health before = state(w);
            Health after = after(before, probe, w.check, w.started());
            keep(w.container, after);
            if (after.status() != before.status()) {
                events.publish(w.container, "health_status: " + after.status().word());
                if (after.status() == HealthStatus.UNHEALTHY
                        && !w.check.onFailure().equals("none")) {
                    starters.execute(() -> act(w));
                }
            }
        }
    }

    private void act(Watched w) {
        try {
            probing.onFailure(w.container, w.task, w.check.onFailure());
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "cannot " + w.check.onFailure() + " unhealthy container " + w.container.id(), e);
        }
    }

    /// Docker's rules: a success makes healthy at once; failures make unhealthy when there are enough in a row, and
    /// those of the start period count only after a success.
    static Health after(Health before, HealthProbe probe, HealthCheck check, Instant started) {
        List<HealthProbe> log = new ArrayList<>(before.log());
        log.add(probe);
        while (log.size() > LOG_MAX) {
            log.removeFirst();
        }
        if (probe.exitCode() == 0) {
            return new Health(HealthStatus.HEALTHY, 0, log);
        }
        boolean forgiven = before.status() == HealthStatus.STARTING && check.isStartPeriod(started, probe.start());
        int streak = forgiven ? before.failingStreak() : before.failingStreak() + 1;
        return new Health(streak >= check.retries() ? HealthStatus.UNHEALTHY : before.status(), streak, log);
    }

    private void keep(ContainerRecord c, Health state) {
        try {
            records.put(c.id(), state);
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "cannot keep the health of container " + c.id(), e);
        }
        states.put(c.id(), state);
    }

    /// No check runs any more; as in Docker, what does not run is not healthy.
    void ended(ContainerRecord c) {
        Watched w = watched.remove(c.id());
        if (w != null) {
            synchronized (w) {
                w.over = true;
                w.next.ifPresent(n -> n.cancel(false));
            }
        }
        Health state = states.get(c.id());
        if (state != null) {
            keep(c, new Health(HealthStatus.UNHEALTHY, state.failingStreak(), state.log()));
        }
    }

    /// The container's record takes the state in the database with it.
    void leaves(ContainerRecord c) {
        Watched w = watched.remove(c.id());
        if (w != null) {
            synchronized (w) {
                w.over = true;
            }
        }
        states.remove(c.id());
    }

    @Override
    public void close() {
        starters.shutdownNow();
    }
}
