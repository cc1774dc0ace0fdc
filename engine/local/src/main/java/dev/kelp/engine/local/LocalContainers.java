// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.ContainerFileAccess;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Networks;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.network.EngineNetworks;
import dev.kelp.linux.AppArmor;
import dev.kelp.linux.Processes;
import dev.kelp.linux.Signals;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Resources;
import dev.kelp.runtime.ContainerLog;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.ProcessCensus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The containers of one namespace: names become records here, the work is [ContainerLifecycle]'s.
final class LocalContainers implements Containers {
    private static final int NAME_CHARS_MAX = 4096;

    /// How long the kernel may take to carry out a SIGKILL.
    private static final long KILL_MILLIS = 10_000;

    private final String namespace;
    private final ContainerRecords records;
    private final ContainerLifecycle lifecycle;
    private final ContainerCreation creation;
    private final ContainerFiles files;
    private final ContainerEvents events;
    private final HealthChecks health;
    private final ContainerViews views;

    /// What all namespaces share.
    record Parts(
            ContainerRecords records,
            ContainerLifecycle lifecycle,
            ContainerCreation creation,
            ContainerEvents events,
            HealthChecks health,
            ContainerViews views) {}

    LocalContainers(String namespace, Parts parts) {
        this.views = parts.views();
        this.namespace = namespace;
        this.records = parts.records();
        this.lifecycle = parts.lifecycle();
        this.creation = parts.creation();
        this.files = creation.files();
        this.events = parts.events();
        this.health = parts.health();
    }

    @Override
    public String create(ContainerSpec spec, UserEnvironment user, Progress progress) {
        return create(spec, user, progress, Phase.CREATED);
    }

    @Override
    public String createToStart(ContainerSpec spec, UserEnvironment user, Progress progress) {
        return create(spec, user, progress, spec.lifecycle().autoRemove() ? Phase.STARTING : Phase.CREATED);
    }

    /// A longer name could be written into a record, but not be read again.
    private static void checkNames(String what, Set<String> names) {
        for (String name : names) {
            if (name.length() > NAME_CHARS_MAX) {
                throw KelpException.invalid("the name of " + what + " has " + name.length() + " characters, "
                        + NAME_CHARS_MAX + " at most: " + name.substring(0, 20) + "…");
            }
        }
    }

    private String create(ContainerSpec spec, UserEnvironment user, Progress progress, Phase phase) {
        checkNames("a label", spec.labels().keySet());
        checkNames("an annotation", spec.annotations().keySet());
        checkNames("a sysctl", spec.isolation().sysctls().keySet());
        checkNames("a log option", spec.logging().options().keySet());
        RestartPolicy.of(spec);
        LogSettings.of(spec.logging());
        ContainerSpec settled = spec.withIsolation(JoinedNamespaces.settle(spec.isolation(), this::resolve));
        ContainerRecord made = creation.create(namespace, settled, new ContainerCreation.Caller(user, progress), phase);
        events.publish(made, "create");
        return made.id();
    }

    @Override
    public void start(String container) {
        lifecycle.start(find(container));
    }

    @Override
    public void rebind(String container, UserEnvironment user) {
        lifecycle.rebind(find(container), user);
    }

    @Override
    public void giveMounts(String container, Progress progress) {
        lifecycle.giveMounts(find(container), progress);
    }

    @Override
    public void prepare(String container) {
        ContainerRecord c = find(container);
        if (c.isRunning()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "cannot prepare container " + c.name() + ": it is running");
        }
        lifecycle.task(c);
        events.publish(c, "init");
    }

    @Override
    public Attachment attach(String container, boolean stdin) {
        ContainerRecord c = find(container);
        ContainerTask task = lifecycle.task(c);
        ContainerTask.Streams streams = task.attach();
        events.publish(c, "attach");
        return new Attachment(
                streams.stream(),
                streams.control(),
                c.definition().spec().process().terminal());
    }

    @Override
    public void stop(String container, @Nullable Integer timeoutSeconds, @Nullable String signal) {
        if (signal != null) {
            Signals.parse(signal);
        }
        stop(find(container), timeoutSeconds, signal);
    }

    /// @param c whose stop was asked for
    private void signal(ContainerRecord c, ContainerTask task, int signal, CompletableFuture<Integer> exit) {
        signal(task, signal, exit);
        events.publish(c, "kill", "signal", Integer.toString(signal));
    }

    private void stop(ContainerRecord c, @Nullable Integer timeoutSeconds, @Nullable String signal) {
        Optional<ContainerLifecycle.Ending> ending = lifecycle.toStop(c);
        if (ending.isEmpty()) {
            return;
        }
        ContainerTask task = ending.get().task();
        if (task.isPaused()) {
            task.setPaused(false);
        }
        Integer configured = c.definition().spec().lifecycle().stopTimeoutSeconds();
        int seconds = timeoutSeconds != null
                ? timeoutSeconds
                : configured != null ? configured : (int) STOP_TIMEOUT.toSeconds();
        String name = signal != null ? signal : c.definition().process().stopSignal();
        CompletableFuture<Integer> exit = ending.get().exit();
        if (seconds != 0) {
            signal(c, task, Signals.parse(name), exit);
            if (Waiting.forExit(exit, seconds < 0 ? Long.MAX_VALUE : seconds * 1000L)) {
                events.publish(c, "stop");
                return;
            }
        }
        signal(c, task, Processes.SIGKILL, exit);
        if (!Waiting.forExit(exit, KILL_MILLIS)) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, "container " + c.name() + " did not end within 10 s of SIGKILL");
        }
        events.publish(c, "stop");
    }

    private static void signal(ContainerTask task, int signal, CompletableFuture<Integer> exit) {
        try {
            task.kill(signal);
        } catch (KelpException e) {
            if (!exit.isDone() && e.kind() != ErrorKind.FAILED_PRECONDITION) {
                throw e;
            }
        }
    }

    @Override
    public void restart(String container, @Nullable Integer timeoutSeconds, @Nullable String signal) {
        ContainerRecord c = find(container);
        lifecycle.restart(c, () -> stop(c, timeoutSeconds, signal));
        events.publish(c, "restart");
    }

    @Override
    public void kill(String container, String signal) {
        ContainerRecord c = find(container);
        int number = Signals.parse(signal);
        ContainerTask task = lifecycle.running(c);
        boolean ends = number == Processes.SIGKILL
                || number == Processes.SIGTERM
                || number == Signals.parse(c.definition().process().stopSignal());
        Optional<ContainerLifecycle.Ending> ending = ends ? lifecycle.toStop(c) : Optional.empty();
        task.kill(number);
        events.publish(c, "kill", "signal", Integer.toString(number));
        if (number == Processes.SIGKILL && ending.isPresent()) {
            // nobody can refuse it, and what comes next may be its removal
            Waiting.forExit(ending.get().exit(), KILL_MILLIS);
        }
    }

    @Override
    public void remove(String container, boolean force, boolean volumes) {
        lifecycle.removal().remove(find(container), force, volumes);
    }

    @Override
    public void removeAll(List<String> containers, boolean force, boolean volumes, RemovalSink sink) {
        IdentityHashMap<ContainerRecord, String> typed = new IdentityHashMap<>();
        List<ContainerRecord> found = new ArrayList<>();
        for (String container : containers) {
            try {
                ContainerRecord c = find(container);
                found.add(c);
                typed.put(c, container);
            } catch (KelpException e) {
                sink.failed(container, e);
            }
        }
        lifecycle.removal().removeAll(found, force, volumes, new ContainerRemoval.Outcome() {
            @Override
            public void removed(ContainerRecord c) {
                sink.removed(typed.getOrDefault(c, c.name()));
            }

            @Override
            public void failed(ContainerRecord c, KelpException why) {
                sink.failed(typed.getOrDefault(c, c.name()), why);
            }
        });
    }

    @Override
    public Pruned prune(Predicate<ContainerSummary> wanted) {
        return new ContainerPruning(records, lifecycle.removal(), files).run(namespace, c -> wanted.test(summary(c)));
    }

    @Override
    public void pause(String container) {
        ContainerRecord c = find(container);
        lifecycle.setPaused(c, true);
        events.publish(c, "pause");
    }

    @Override
    public void unpause(String container) {
        ContainerRecord c = find(container);
        lifecycle.setPaused(c, false);
        events.publish(c, "unpause");
    }

    @Override
    public void rename(String container, String name) {
        ContainerNames.check(name);
        ContainerRecord c = find(container);
        lifecycle.rename(c, name);
        events.publish(find(c.id()), "rename");
    }

    @Override
    public ProcessTable top(String container, List<String> options) {
        return views.top(find(container), options);
    }

    @Override
    public Map<String, Usage> usage(List<String> containers) {
        ProcessCensus census = new ProcessCensus();
        Map<String, Usage> found = new HashMap<>();
        for (String container : containers) {
            try {
                found.put(container, views.usage(find(container), census));
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.FAILED_PRECONDITION && e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        }
        return found;
    }

    @Override
    public ContainerFileAccess files(String container) {
        return views.files(find(container));
    }

    @Override
    public CompletableFuture<Integer> exit(String container) {
        try {
            return lifecycle.exit(find(container));
        } catch (KelpException e) {
            return records.pastExit(namespace, container)
                    .map(CompletableFuture::completedFuture)
                    .orElseThrow(() -> e);
        }
    }

    @Override
    public void resize(String container, int rows, int columns) {
        ContainerRecord c = find(container);
        lifecycle.made(c).resize(rows, columns);
        if (c.isRunning()) {
            events.publish(c, "resize", "height", Integer.toString(rows), "width", Integer.toString(columns));
        }
    }

    @Override
    public List<ContainerSummary> list(boolean all) {
        return (all ? records.visible(namespace) : records.running(namespace))
                .stream().map(this::summary).toList();
    }

    @Override
    public ContainerDetail inspect(String container) {
        ContainerRecord c = find(container);
        ContainerRecord.Definition d = c.definition();
        return new ContainerDetail(
                summary(c),
                Optional.ofNullable(d.imageDigest()),
                d.image(),
                d.process(),
                HealthCheck.settings(d),
                files.folder(c).toString(),
                files.logPath(c).toString(),
                d.snapshotter() == null ? "" : d.snapshotter(),
                files.bundlePath(c).toString(),
                confinement(c));
    }

    private static String confinement(ContainerRecord c) {
        String asked = c.definition().spec().security().apparmor();
        if (asked != null && !asked.isEmpty()) {
            return asked;
        }
        return c.isRunning() ? AppArmor.confinementOf(c.run().pid()).orElse("") : "";
    }

    private ContainerSummary summary(ContainerRecord c) {
        ContainerRecord.Definition d = c.definition();
        return new ContainerSummary(
                c.id(),
                c.name(),
                d.imageName(),
                d.process().arguments(),
                java.time.Instant.ofEpochMilli(d.createdMillis()),
                c.isRunning() && files.isPaused(c) ? c.state(health.of(c)).paused() : c.state(health.of(c)),
                d.spec().labels(),
                d.platform(),
                d.runtime(),
                d.spec(),
                c.isRunning() ? lifecycle.network(c) : Networks.Attached.NOTHING);
    }

    @Override
    public void update(String container, ContainerUpdate update) {
        if (update.restart() != null) {
            RestartPolicy.parse(update.restart());
        }
        ContainerRecord c = find(container);
        Resources limits = update.resources();
        List<String> unmet = limits == null ? List.of() : files.unmetLimits(c, limits);
        if (!unmet.isEmpty()) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, "cannot update container " + container + ": " + String.join("; ", unmet));
        }
        lifecycle.update(c, update);
        events.publish(c, "update");
    }

    @Override
    public Optional<byte[]> runtimeSpec(String container) {
        ContainerRecord c = find(container);
        return c.isRunning() ? files.runtimeSpec(c) : Optional.empty();
    }

    @Override
    public long writableBytes(String container) {
        return files.writableBytes(find(container));
    }

    @Override
    public HealthProbe checkHealth(String container) {
        ContainerRecord c = find(container);
        lifecycle.running(c);
        return Waiting.on(health.probe(c));
    }

    @Override
    public String resolve(String container) {
        return find(container).id();
    }

    @Override
    public void logs(String container, LogOptions options, LogSink sink) {
        ContainerRecord c = find(container);
        ContainerLog log = new ContainerLog(files.logPath(c));
        ContainerLog.Options wanted = new ContainerLog.Options(
                options.follow() && c.isRunning(),
                options.tail(),
                options.since(),
                options.until(),
                options.stdout(),
                options.stderr(),
                options.joined());
        CompletableFuture<Void> cancelled = new CompletableFuture<>();
        ContainerLog.Sink entries = e -> sink.entry(new LogEntry(e.time(), e.stderr(), e.data()));
        if (!wanted.follow()) {
            log.replay(wanted, cancelled, cancelled, entries);
            return;
        }
        CompletableFuture<Integer> exit = lifecycle.exit(c);
        Waiting.interruptibly(() -> log.replay(wanted, exit, cancelled, entries), cancelled);
    }

    @Override
    public ExecSession exec(String container, ExecSpec spec) {
        ContainerRecord c = find(container);
        ContainerTask task = lifecycle.running(c);
        if (task.isPaused()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "container " + c.name() + " is paused: unpause it before exec");
        }
        return new Execs(files, events).start(task, c, spec);
    }

    /// As [#find], of one that runs.
    EngineNetworks.Running runningProcess(String container) {
        ContainerRecord c = find(container);
        lifecycle.running(c);
        return new EngineNetworks.Running(c.id(), c.run().pid());
    }

    /// The container a name, id or unambiguous prefix of an id stands for.
    ContainerRecord find(String container) {
        return records.find(namespace, container);
    }
}
