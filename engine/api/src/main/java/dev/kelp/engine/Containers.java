// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.linux.Fd;
import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Resources;
import dev.kelp.model.oci.ImageConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The containers of one namespace. A "container" argument is a name, an id, or an unambiguous prefix of an id.
public interface Containers {
    /// Makes a container; the image must be here.
    ///
    /// @param progress is told of what takes long: an image's files copied for other user ids
    /// @return its id, 64 hexadecimal digits
    String create(ContainerSpec spec, UserEnvironment user, Progress progress);

    /// As [#create], for a caller that starts it at once and tells nobody of it before: one that is to be removed
    /// at
    /// its end (`--rm`) is also removed when the engine ends before it ran.
    String createToStart(ContainerSpec spec, UserEnvironment user, Progress progress);

    /// What it binds is what is under those names now; for host root see [#rebind].
    void start(String container);

    /// Before a [#start] or [#restart] that a user asks for: has host root's client hand over anew what the
    /// container
    /// binds, which the engine cannot open itself. Does nothing for anybody else.
    void rebind(String container, UserEnvironment user);

    /// Before a [#start] that a user asks for: gives what the container mounts with `U` to its user. A start does
    /// that
    /// itself, but shows nothing of it and lets others wait who change the container. Nobody waits for this.
    void giveMounts(String container, Progress progress);

    /// Makes everything that a [#start] needs, to its last step.
    void prepare(String container);

    /// Connects to the standard streams; to lose no output attach before [#start]. The caller owns the descriptors.
    Attachment attach(String container, boolean stdin);

    /// Sends the stop signal, waits, then SIGKILL. Stopping a stopped container is fine.
    void stop(String container, @Nullable Integer timeoutSeconds, @Nullable String signal);

    /// Stops and starts; also one that would be removed at its end.
    void restart(String container, @Nullable Integer timeoutSeconds, @Nullable String signal);

    /// Sends a signal by name (`TERM`, `SIGTERM`) or number; FAILED_PRECONDITION when it does not run.
    void kill(String container, String signal);

    void remove(String container, boolean force, boolean volumes);

    /// As [#remove] for many, which is much faster than one after the other. One that cannot be removed does not
    /// keep
    /// the others.
    void removeAll(List<String> containers, boolean force, boolean volumes, RemovalSink sink);

    /// Removes those that do not run, their anonymous volumes left alone. One that is started or removed meanwhile
    /// is
    /// passed over.
    Pruned prune(Predicate<ContainerSummary> wanted);

    /// Freezes all processes of a running container (freezer of cgroup2); UNSUPPORTED without a delegated cgroup.
    void pause(String container);

    /// Thaws what [#pause] froze.
    void unpause(String container);

    /// Gives it another name.
    void rename(String container, String name);

    /// The processes of a running container as ps(1) shows them.
    ///
    /// @param options of ps; none: its `-ef`, for which no ps is needed
    ProcessTable top(String container, List<String> options);

    /// What running containers use, looked at together: that costs less than one after another. Those that do not
    /// run,
    /// or are gone, are missing in the answer.
    Map<String, Usage> usage(List<String> containers);

    /// Its files, also while it does not run.
    ContainerFileAccess files(String container);

    /// Completes with the exit code of the present (or last) run; also for a container removed meanwhile.
    CompletableFuture<Integer> exit(String container);

    /// The window of the container's terminal; between [#attach] and [#start] its first size.
    void resize(String container, int rows, int columns);

    /// Running ones, or all; newest first.
    List<ContainerSummary> list(boolean all);

    ContainerDetail inspect(String container);

    /// What the OCI runtime was given for its present run, `config.json`; empty while it does not run.
    Optional<byte[]> runtimeSpec(String container);

    /// Changes what may change after `create`; what the update leaves out stays. A running container has it at
    /// once.
    void update(String container, ContainerUpdate update);

    /// Runs the health check now, besides its schedule.
    ///
    /// @return what came of it; FAILED_PRECONDITION when the container does not run or has no health check
    HealthProbe checkHealth(String container);

    /// What the container's own files take on the disk, without its image; costs a walk.
    long writableBytes(String container);

    /// The id that a name, id or prefix stands for.
    String resolve(String container);

    /// Replays (and follows) the log. Returns at its end or when the sink says so.
    void logs(String container, LogOptions options, LogSink sink);

    /// Starts another process in a running container.
    ExecSession exec(String container, ExecSpec spec);

    /// Told what became of each of many, by the words that were given for it.
    interface RemovalSink {
        void removed(String container);

        void failed(String container, KelpException why);
    }

    /// @param bytes what their own files took
    record Pruned(List<String> ids, long bytes) {
        public Pruned {
            ids = List.copyOf(ids);
        }
    }

    /// @param rows a cell for each title; the last one may hold spaces
    record ProcessTable(List<String> titles, List<List<String>> rows) {
        public ProcessTable {
            titles = List.copyOf(titles);
            rows = List.copyOf(rows);
        }
    }

    /// Counters of a container since it was started; empty is what cannot be known.
    ///
    /// @param cpuNanos time of processors used
    /// @param memoryLimitBytes its limit, or this machine's memory without one
    /// @param processes how many there are
    /// @param fromCgroup false: added up over the processes that live, so what ended ones used is missing
    record Usage(
            Instant time,
            long cpuNanos,
            long memoryBytes,
            long memoryLimitBytes,
            OptionalLong receivedBytes,
            OptionalLong sentBytes,
            OptionalLong readBytes,
            OptionalLong writtenBytes,
            long processes,
            boolean fromCgroup) {}

    /// The connection to a container's streams.
    ///
    /// @param stream a SOCK_SEQPACKET to conmon: a byte (2 stdout, 3 stderr) and data; writes are input
    /// @param control conmon's control FIFO, for the line `1 ROWS COLUMNS`; empty when there is no terminal
    record Attachment(Fd stream, Optional<Fd> control, boolean terminal) implements AutoCloseable {
        @Override
        public void close() {
            stream.close();
            control.ifPresent(Fd::close);
        }
    }

    /// A process started by [#exec].
    ///
    /// @param terminal the pty's master when there is one, then the other three are empty
    /// @param exit completes with its exit code (126 and 127 as Docker's)
    /// @param token names the session for a client that comes back after the daemon was restarted
    /// @param told to be run when the client knows the exit code, or does not want it: until then it is kept
    record ExecSession(
            Optional<Fd> terminal,
            Optional<Fd> stdin,
            Optional<Fd> stdout,
            Optional<Fd> stderr,
            CompletableFuture<Integer> exit,
            String token,
            Runnable told) {}

    /// What a client that comes back after a restart of the daemon waits for.
    ///
    /// @param told as in [ExecSession]
    record Resumed(CompletableFuture<Integer> exit, Runnable told) {}

    /// @param env `NAME=value`
    /// @param user null: the container's
    /// @param detach no streams are connected
    record ExecSpec(
            List<String> command,
            List<String> env,
            @Nullable String user,
            @Nullable String workdir,
            boolean terminal,
            boolean stdin,
            boolean privileged,
            boolean detach,
            int rows,
            int columns) {}

    /// @param tail last lines to begin with; −1: all
    /// @param joined lines of one stream may come together in one entry with the time of the first, which is faster
    record LogOptions(
            boolean follow,
            int tail,
            @Nullable Instant since,
            @Nullable Instant until,
            boolean stdout,
            boolean stderr,
            boolean joined) {}

    /// Takes log entries; returning false ends the replay.
    interface LogSink {
        boolean entry(LogEntry entry);
    }

    /// A piece of output: whole lines end in a newline, a piece without one goes on in the next entry of its
    /// stream.
    record LogEntry(Instant time, boolean stderr, byte[] data) {}

    enum Status {
        CREATED,
        RUNNING,
        PAUSED,
        RESTARTING,
        REMOVING,
        EXITED,
        DEAD;

        /// As Docker writes it.
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    record State(
            Status status,
            int pid,
            int exitCode,
            Optional<Instant> started,
            Optional<Instant> finished,
            boolean oomKilled,
            @Nullable String error,
            int restarts,
            Optional<Health> health) {
        /// The same container, frozen.
        public State paused() {
            return new State(Status.PAUSED, pid, exitCode, started, finished, oomKilled, error, restarts, health);
        }
    }

    /// How the health checks went.
    ///
    /// @param failingStreak failures since the last success
    /// @param log the last ones, oldest first
    record Health(HealthStatus status, int failingStreak, List<HealthProbe> log) {
        public Health {
            log = List.copyOf(log);
        }
    }

    enum HealthStatus {
        STARTING,
        HEALTHY,
        UNHEALTHY;

        /// As Docker writes it.
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// One run of a health check.
    ///
    /// @param exitCode 0 healthy; −1 when it took too long
    /// @param output what it wrote, at most 4096 bytes
    record HealthProbe(Instant start, Instant end, int exitCode, String output) {}

    /// @param restart the restart policy as `--restart` takes it; null: as it is
    /// @param resources limits that are neither zero nor null replace the present ones; null: all stay
    record ContainerUpdate(
            @Nullable String restart, @Nullable Resources resources) {}

    /// @param spec as it was asked for, with a name for every volume
    /// @param network what it has of networks while it runs
    record ContainerSummary(
            String id,
            String name,
            String image,
            List<String> command,
            Instant created,
            State state,
            Map<String, String> labels,
            String platform,
            String runtime,
            ContainerSpec spec,
            Networks.Attached network) {}

    /// @param imageDigest the manifest it runs
    /// @param process what really runs: arguments after image and spec were joined
    /// @param image what the image says about running it; empty for one without an image
    /// @param healthCheck the image's check with the spec's changes; empty when there is none
    /// @param folder where its log, hosts, hostname and resolv.conf are
    /// @param confinement the AppArmor profile that was asked for, else the one it runs in; `unconfined`; empty
    /// where
    ///     there is no AppArmor, and for one that does not run and asked for none
    record ContainerDetail(
            ContainerSummary summary,
            Optional<Digest> imageDigest,
            ImageConfig.Execution image,
            EffectiveProcess process,
            Optional<ImageConfig.Healthcheck> healthCheck,
            String folder,
            String logPath,
            String snapshotter,
            String bundlePath,
            String confinement) {
        public ContainerSpec spec() {
            return summary.spec;
        }

        public Networks.Attached network() {
            return summary.network;
        }

        public String runtime() {
            return summary.runtime;
        }
    }

    record EffectiveProcess(List<String> arguments, List<String> env, String workdir, String user, String stopSignal) {}

    /// How long [#stop] waits unless told otherwise.
    Duration STOP_TIMEOUT = Duration.ofSeconds(10);
}
