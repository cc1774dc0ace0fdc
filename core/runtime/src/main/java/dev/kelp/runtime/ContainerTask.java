// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.linux.Processes;
import dev.kelp.linux.Terminals;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import dev.kelp.rootless.Spawner;
import dev.kelp.runtime.spec.OciSpec;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// A container's running side, from [Tasks.Launch#create] to [#delete]. May be used from any thread.
///
/// The exit is noticed by the monitor's pidfd: conmon writes the exit code and then ends. When conmon was killed there
/// is no code: the container is killed too, for nobody reads its output any more, and 137 is recorded.
public final class ContainerTask {
    private static final System.Logger LOG = System.getLogger(ContainerTask.class.getName());

    /// The exit code of a container whose monitor was lost: as if killed by SIGKILL.
    public static final int MONITOR_LOST = 128 + Processes.SIGKILL;

    /// conmon refuses larger windows.
    private static final int WINDOW_MAX = 1000;

    /// How long a killed first process may take to go (milliseconds): it may be in the kernel, writing to a slow
    /// disk.
    private static final long KILLED_MILLIS_MAX = 10_000;

    private final Context context;
    private final String id;
    private final TaskFiles files;
    private final OciRuntimeCli runtime;
    private final Optional<Fd> first;
    private final int pid;
    private final CompletableFuture<Integer> exit;

    record Context(Spawner spawner, Watcher watcher, Path runRoot) {}

    /// What a task is doing.
    public enum Phase {
        CREATED,
        RUNNING,
        ENDED
    }

    /// The connection to a container's streams; see `native/PROTOCOL.md`, ATTACH kind 0.
    ///
    /// @param stream SOCK_SEQPACKET: a byte (2 stdout, 3 stderr) and data; writes are input
    /// @param control takes the line `1 ROWS COLUMNS`; empty without a terminal
    public record Streams(Fd stream, Optional<Fd> control) implements AutoCloseable {
        @Override
        public void close() {
            stream.close();
            control.ifPresent(Fd::close);
        }
    }

    ContainerTask(
            Context context,
            String id,
            TaskFiles files,
            OciRuntimeCli runtime,
            Fd monitor,
            Optional<Fd> first,
            int pid) {
        this.context = context;
        this.id = id;
        this.files = files;
        this.runtime = runtime;
        this.first = first;
        this.pid = pid;
        this.exit = context.watcher()
                .readable(monitor)
                .thenApplyAsync(events -> monitorEnded(monitor), PlatformThreads.EXECUTOR);
    }

    private ContainerTask(
            Context context, String id, TaskFiles files, OciRuntimeCli runtime, Optional<Fd> first, int pid) {
        this.context = context;
        this.id = id;
        this.files = files;
        this.runtime = runtime;
        this.first = first;
        this.pid = pid;
        this.exit = CompletableFuture.supplyAsync(this::knownExit, PlatformThreads.EXECUTOR);
    }

    static ContainerTask reattached(
            Context context,
            String id,
            TaskFiles files,
            OciRuntimeCli runtime,
            Optional<Fd> monitor,
            Optional<Fd> first,
            int pid) {
        return monitor.isPresent()
                ? new ContainerTask(context, id, files, runtime, monitor.get(), first, pid)
                : new ContainerTask(context, id, files, runtime, first, pid);
    }

    private int monitorEnded(Fd monitor) {
        monitor.close();
        return knownExit();
    }

    private int knownExit() {
        int code = recordedExit();
        context.spawner().acknowledge(Monitor.KEY_PREFIX + id);
        return code;
    }

    private int recordedExit() {
        Optional<Integer> code = files.exitCode();
        if (code.isPresent()) {
            return code.get();
        }
        LOG.log(Level.WARNING, "the monitor of container {0} is gone: the container is killed", id);
        first.ifPresent(this::killFirst);
        files.writeExit(MONITOR_LOST);
        return MONITOR_LOST;
    }

    private void killFirst(Fd pidfd) {
        try {
            Processes.sendSignal(pidfd, Processes.SIGKILL);
            Poll.await(pidfd, Poll.POLLIN, KILLED_MILLIS_MAX);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ESRCH)) {
                LOG.log(Level.WARNING, "kill the first process of container " + id, e);
            }
        }
    }

    public String id() {
        return id;
    }

    /// The first process' pid, as the daemon sees it.
    public int pid() {
        return pid;
    }

    public Path bundle() {
        return files.bundle();
    }

    public OciRuntimeCli runtime() {
        return runtime;
    }

    public Phase phase() {
        if (exit.isDone() || files.exitCode().isPresent()) {
            return Phase.ENDED;
        }
        return runtime.isCreated(id) ? Phase.CREATED : Phase.RUNNING;
    }

    /// Lets the command run.
    public void start() {
        runtime.start(id);
    }

    /// Completes with the exit code, 128 + n for signal n, when the output is written out and the log is complete.
    public CompletableFuture<Integer> exit() {
        return exit.copy();
    }

    /// Whether the kernel killed a process of the container for want of memory (needs a cgroup).
    public boolean oomKilled() {
        return Files.exists(files.file("oom"));
    }

    /// Sends a signal to the first process.
    ///
    /// @throws KelpException FAILED_PRECONDITION when it has ended
    public void kill(int signal) {
        try {
            if (first.isPresent() && first.get().isOpen() && !exit.isDone()) {
                Processes.sendSignal(first.get(), signal);
                return;
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ESRCH)) {
                throw e.toKelp("send signal " + signal + " to container " + id);
            }
        }
        throw new KelpException(
                ErrorKind.FAILED_PRECONDITION, "send signal " + signal + " to container " + id + ": it has ended");
    }

    /// Freezes or thaws all its processes; needs a cgroup.
    public void setPaused(boolean paused) {
        runtime.setPaused(id, paused);
        files.mark(TaskFiles.PAUSED, paused);
    }

    public boolean isPaused() {
        return files.isMarked(TaskFiles.PAUSED);
    }

    /// What it uses.
    ///
    /// @param census the same for containers that are looked at together
    /// @param sharesPids see [ContainerProcesses#of]
    /// @param ownNetwork whether its network interfaces are its own
    public ResourceUse use(ProcessCensus census, boolean sharesPids, boolean ownNetwork) {
        return ResourceUse.of(census, pid, sharesPids, ownNetwork, runtime.hasCgroups());
    }

    /// Changes the limits of its cgroup.
    public void limit(Resources resources) {
        Path file = files.file("resources.json");
        try {
            Files.write(file, OciSpec.resourcesJson(resources));
            runtime.update(id, file);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write " + file + ": " + e, e);
        }
    }

    /// Connects to the standard streams. What was written before is in the log only; the stream ends with the
    /// container. Whether input has an effect was fixed by [TaskSpec].
    public Streams attach() {
        try {
            Fd stream = UnixSockets.connect(files.file("attach").toString(), UnixSockets.Type.SEQPACKET);
            try {
                return new Streams(stream, files.terminal() ? Optional.of(control()) : Optional.empty());
            } catch (ErrnoException e) {
                stream.close();
                throw e;
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ECONNREFUSED) || e.is(Errno.ENOENT) || e.is(Errno.ENXIO)) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION, "attach to container " + id + ": it has ended", e);
            }
            throw e.toKelp("attach to container " + id);
        }
    }

    private Fd control() throws ErrnoException {
        return Inodes.open(files.file("ctl").toString(), Inodes.O_WRONLY | Inodes.O_NONBLOCK);
    }

    /// Sets the size of the terminal's window, at most 1000 by 1000.
    public void resize(int rows, int columns) {
        String line = "1 " + Math.clamp(rows, 0, WINDOW_MAX) + " " + Math.clamp(columns, 0, WINDOW_MAX) + "\n";
        byte[] bytes = line.getBytes(StandardCharsets.US_ASCII);
        try (Fd control = control()) {
            Pipes.writeAll(control, bytes, 0, bytes.length);
            if (phase() == Phase.CREATED) {
                // conmon does it when it gets to it, and the first process must find it when it starts
                fit(rows, columns);
            }
        } catch (ErrnoException e) {
            throw e.toKelp("resize the terminal of container " + id);
        }
    }

    private void fit(int rows, int columns) {
        String input = "/proc/" + pid + "/fd/0";
        try (Fd terminal = Inodes.open(input, Inodes.O_RDWR | Inodes.O_NOCTTY)) {
            Terminals.setSize(terminal, Math.clamp(rows, 0, WINDOW_MAX), Math.clamp(columns, 0, WINDOW_MAX));
        } catch (ErrnoException e) {
            // it has ended, which the start will tell
            LOG.log(Level.DEBUG, "fit the terminal of container " + id, e);
        }
    }

    /// Has conmon make a new file under the log's name; what has a second name stays.
    public void reopenLog() {
        byte[] bytes = "2 0 0\n".getBytes(StandardCharsets.US_ASCII);
        try (Fd control = control()) {
            Pipes.writeAll(control, bytes, 0, bytes.length);
        } catch (ErrnoException e) {
            throw e.toKelp("reopen the log of container " + id);
        }
    }

    /// Starts another process in the container.
    ///
    /// @throws KelpException FAILED_PRECONDITION when the container has ended
    public ExecProcess exec(ExecRequest request) {
        if (phase() != Phase.RUNNING) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "execute a command in container " + id + ": it is not running");
        }
        return PlatformThreads.call(() -> new Exec(context, files, id).start(runtime, request));
    }

    /// Starts a command of the engine's own, keeping the first `bytesMax` bytes of what it writes.
    ///
    /// @throws KelpException FAILED_PRECONDITION when the container has ended
    public CapturedExec capture(ExecRequest request, int bytesMax) {
        if (exit.isDone()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "execute a command in container " + id + ": it is not running");
        }
        return PlatformThreads.call(() -> new Exec(context, files, id).startCaptured(runtime, request, bytesMax));
    }

    /// conmon notes the exit of a killed container at once, unless it hangs itself: then it is ended too.
    private void awaitKilled() {
        try {
            PlatformThreads.join(exit.copy().orTimeout(KILLED_MILLIS_MAX, TimeUnit.MILLISECONDS));
        } catch (CompletionException e) {
            LOG.log(Level.WARNING, "the monitor of container {0} does not end: it is killed", id);
            files.monitorPid().ifPresent(monitorPid -> {
                try {
                    Processes.kill(monitorPid, Processes.SIGKILL);
                } catch (ErrnoException gone) {
                    LOG.log(Level.DEBUG, "kill the monitor", gone);
                }
            });
            PlatformThreads.join(exit);
        }
    }

    /// Frees what the task holds, its cgroup and its files. A container that still runs is killed first.
    public void delete() {
        if (!exit.isDone()) {
            first.filter(Fd::isOpen).ifPresent(fd -> {
                try {
                    Processes.sendSignal(fd, Processes.SIGKILL);
                } catch (ErrnoException e) {
                    LOG.log(Level.DEBUG, "kill container " + id, e);
                }
            });
            awaitKilled();
        }
        runtime.forget(id);
        first.ifPresent(Fd::close);
        files.remove();
    }
}
