// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Poll;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import dev.kelp.rootless.Spawner;
import dev.kelp.runtime.spec.OciSpec;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Makes tasks and finds those an earlier daemon made. One object per daemon.
///
/// ```
/// Launch launch = tasks.prepare(spec);                 // the monitor starts while …
/// launch.configure(OciSpec.generate(…));               // … mounts and configuration are made
/// ContainerTask task = launch.create();                // namespaces exist, the command does not run yet
/// task.attach() …                                      // no output can be lost
/// task.start();
/// int code = task.exit().join();
/// task.delete();
/// ```
public final class Tasks implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Tasks.class.getName());

    private static final long MONITOR_END_MILLIS_MAX = 5_000;

    /// How long a client may take to come for a code that is known: one looks for a daemon for a minute.
    private static final Duration KEPT_FOR = Duration.ofMinutes(10);

    private final Path runRoot;
    private final Spawner spawner;
    private final int user;
    private final Path filters;
    private final Map<Path, CompiledSeccomp> compiled = new ConcurrentHashMap<>();
    private final Watcher watcher = new Watcher();

    public Tasks(Instance instance, Spawner spawner) {
        this.runRoot = instance.runRoot();
        this.filters = instance.dataRoot().resolve("seccomp");
        this.spawner = spawner;
        this.user = instance.hostUid();
    }

    /// The runtime's command line, for `info` and the like.
    public OciRuntimeCli runtime(Path program) {
        return runtime(program, CgroupAccess.Driver.DISABLED);
    }

    private OciRuntimeCli runtime(Path program, CgroupAccess.Driver cgroups) {
        return new OciRuntimeCli(program, runRoot, cgroups, user, spawner);
    }

    /// The filters this runtime compiled before.
    public CompiledSeccomp compiledSeccomp(Path program) {
        return compiled.computeIfAbsent(program, p -> new CompiledSeccomp(filters, p));
    }

    /// Makes the bundle's folder and starts the monitor, which then waits. The caller must call [Launch#configure]
    /// and
    /// [Launch#create], or [Launch#abandon].
    ///
    /// What an earlier run of the container left is removed.
    ///
    /// @throws KelpException NOT_FOUND when conmon is not installed, FAILED_PRECONDITION when the container runs
    public Launch prepare(TaskSpec spec) {
        TaskFiles files = new TaskFiles(runRoot, spec.id());
        removeLeftovers(spec, files);
        TaskFiles.makeBundle(runRoot, spec.id());
        files.writeTask(spec);
        OciRuntimeCli runtime = runtime(spec.ociRuntime(), spec.cgroups());
        Monitor monitor = Monitor.spawn(spawner, spec, runtime, files);
        files.write("conmon.pid", Integer.toString(monitor.pid()));
        return new Launch(spec, files, runtime, monitor);
    }

    private void removeLeftovers(TaskSpec spec, TaskFiles files) {
        if (!Files.isDirectory(files.bundle())) {
            files.removeExit();
            return;
        }
        Optional<Fd> monitor = files.exitCode().isPresent() ? Optional.empty() : Monitor.find(files, spec.id());
        if (monitor.isPresent()) {
            monitor.get().close();
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "start container " + spec.name() + ": it has a task already");
        }
        runtime(spec.ociRuntime(), files.cgroups()).delete(spec.id());
        files.remove();
    }

    /// A monitor that waits for its container's bundle.
    public final class Launch {
        private final TaskSpec spec;
        private final TaskFiles files;
        private final OciRuntimeCli runtime;
        private final Monitor monitor;
        private Optional<String> seccompToLearn = Optional.empty();

        private Launch(TaskSpec spec, TaskFiles files, OciRuntimeCli runtime, Monitor monitor) {
            this.spec = spec;
            this.files = files;
            this.runtime = runtime;
            this.monitor = monitor;
        }

        /// The bundle's folder.
        public Path bundle() {
            return files.bundle();
        }

        /// Writes the bundle's `config.json`.
        public void configure(OciSpec.Generated configuration) {
            Path file = files.file("config.json");
            try {
                Files.write(file, configuration.config());
            } catch (IOException e) {
                throw new KelpException(ErrorKind.INTERNAL, "write " + file + ": " + e, e);
            }
            seccompToLearn = configuration.seccompToCompile();
        }

        /// Makes the container: everything is set up, its command waits for [ContainerTask#start].
        ///
        /// @throws KelpException COMMAND_NOT_FOUND, NOT_EXECUTABLE, or INTERNAL with the runtime's words;
        /// nothing is left
        /// of the task then
        public ContainerTask create() {
            return PlatformThreads.call(this::createHere);
        }

        private ContainerTask createHere() {
            int pid;
            try {
                pid = monitor.proceed("create container " + spec.name());
            } catch (KelpException e) {
                cleanUp(e);
                throw e;
            }
            seccompToLearn.ifPresent(
                    profile -> compiledSeccomp(spec.ociRuntime()).learn(profile, runtime.compiledFilter(spec.id())));
            Optional<Fd> first = pidfd(pid);
            Processes.startTicks(pid).ifPresent(ticks -> files.write("first", pid + " " + ticks));
            return new ContainerTask(context(), spec.id(), files, runtime, monitor.pidfd(), first, pid);
        }

        /// Gives up: the monitor ends and the bundle is removed.
        public void abandon() {
            cleanUp(null);
        }

        private void cleanUp(@Nullable KelpException why) {
            monitor.abandon();
            spawner.acknowledge(Monitor.KEY_PREFIX + spec.id());
            try {
                runtime.delete(spec.id());
                files.remove();
            } catch (KelpException e) {
                if (why == null) {
                    throw e;
                }
                why.addSuppressed(e);
            }
        }
    }

    private static Optional<Fd> pidfd(int pid) {
        try {
            return Optional.of(Processes.pidfdOpen(pid));
        } catch (ErrnoException e) {
            return Optional.empty();
        }
    }

    ContainerTask.Context context() {
        return new ContainerTask.Context(spawner, watcher, runRoot);
    }

    /// The ids with a task, running or ended, that was not deleted.
    public List<String> known() {
        return TaskFiles.known(runRoot);
    }

    /// The task of an earlier daemon, from its files alone. One whose monitor was killed is ended and its exit is
    /// 137.
    ///
    /// @return empty when there is none, or only the remains of one that was never created, which are removed
    public Optional<ContainerTask> reattach(String id) {
        TaskFiles files = new TaskFiles(runRoot, id);
        Optional<Path> program = files.program();
        if (program.isEmpty()) {
            if (Files.isDirectory(files.bundle())) {
                files.remove();
            } else {
                // the daemon ended between removing the bundle and the exit
                files.removeExit();
            }
            return Optional.empty();
        }
        OciRuntimeCli runtime = runtime(program.get(), files.cgroups());
        Optional<Fd> monitor = files.exitCode().isPresent() ? Optional.empty() : Monitor.find(files, id);
        Optional<Integer> pid = files.containerPid();
        if (files.exitCode().isEmpty() && pid.isEmpty()) {
            LOG.log(Level.DEBUG, "removing the remains of container {0}, which was never created", id);
            monitor.ifPresent(Tasks::end);
            spawner.acknowledge(Monitor.KEY_PREFIX + id);
            runtime.delete(id);
            files.remove();
            return Optional.empty();
        }
        Optional<Fd> first = firstProcess(files, pid);
        return Optional.of(ContainerTask.reattached(context(), id, files, runtime, monitor, first, pid.orElse(0)));
    }

    /// The end of a process that an earlier daemon started by [ContainerTask#exec], also when its container has
    /// ended since. For a token nobody knows it never completes.
    public ExecProcess.Ending execEnding(String id, String token) {
        return exec(id).ending(token);
    }

    /// Whether the container has, or had since its start, such a process whose end nobody was told yet.
    public boolean keepsExec(String id, String token) {
        return exec(id).isKept(token);
    }

    /// Forgets a process of an earlier daemon that has ended when nobody has come for its code after a while. Its
    /// client was told, or went as the daemon did; the holder would keep it for good.
    ///
    /// @param key what the holder has it under
    public void endedUnasked(String key) {
        endedUnasked(key, KEPT_FOR);
    }

    void endedUnasked(String key, Duration keptFor) {
        Exec.parse(key)
                .ifPresent(words -> CompletableFuture.delayedExecutor(
                                keptFor.toMillis(), TimeUnit.MILLISECONDS, PlatformThreads.EXECUTOR)
                        .execute(() -> {
                            try {
                                exec(words[0]).forget(words[1]);
                            } catch (KelpException e) {
                                // the holder is gone, and this daemon is about to
                                LOG.log(Level.DEBUG, "forget " + key, e);
                            }
                        }));
    }

    private Exec exec(String id) {
        return new Exec(context(), new TaskFiles(runRoot, id), id);
    }

    /// The monitor dies before what it started is looked for: the runtime's `create` dies with it
    /// (PR_SET_PDEATHSIG).
    private static void end(Fd monitor) {
        try (monitor) {
            Processes.sendSignal(monitor, Processes.SIGKILL);
            Poll.await(monitor, Poll.POLLIN, MONITOR_END_MILLIS_MAX);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "end a monitor", e);
        }
    }

    /// The first process, unless its pid names another one by now.
    private static Optional<Fd> firstProcess(TaskFiles files, Optional<Integer> pid) {
        if (pid.isEmpty()) {
            return Optional.empty();
        }
        Optional<Fd> fd = pidfd(pid.get());
        Optional<String> recorded = files.text("first");
        Optional<String> now = Processes.startTicks(pid.get()).map(ticks -> pid.get() + " " + ticks);
        if (recorded.isPresent() && !recorded.equals(now)) {
            fd.ifPresent(Fd::close);
            return Optional.empty();
        }
        return fd;
    }

    /// What ps(1) of this machine prints with these options, for all processes that this user namespace shows.
    ///
    /// @throws KelpException NOT_FOUND without ps, INVALID_ARGUMENT with its words when it does not take the
    /// options
    public String processStatus(List<String> options) {
        Path ps = Programs.find("ps")
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, "ps is not installed on this machine")
                        .withHint("apt-get install procps"));
        return PlatformThreads.call(() -> ShortCommand.run(spawner, ps, options));
    }

    /// Stops watching. Containers go on.
    @Override
    public void close() {
        watcher.close();
    }
}
