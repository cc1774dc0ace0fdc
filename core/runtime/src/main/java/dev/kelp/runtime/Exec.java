// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Terminals;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.runtime.spec.OciSpec;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// The OCI runtime's `exec`, started by the holder without a monitor: the holder keeps the exit status, the daemon
/// hands the
/// streams to the client, so the process survives the daemon.
///
/// The runtime process stays for as long as the command runs and passes its status on. Its own failures look like the
/// command's exit code 1; its log file tells them apart.
final class Exec {
    private static final System.Logger LOG = System.getLogger(Exec.class.getName());
    private static final int LOG_BYTES_MAX = 64 << 10;
    private static final String KEY_PREFIX = "exec/";

    private final ContainerTask.Context context;
    private final TaskFiles files;
    private final String id;

    Exec(ContainerTask.Context context, TaskFiles files, String id) {
        this.context = context;
        this.files = files;
        this.id = id;
    }

    private static String key(String id, String token) {
        return KEY_PREFIX + id + "/" + token;
    }

    /// The container's id and the token of the process that the holder keeps under a key; empty: it is no such one.
    static Optional<String[]> parse(String key) {
        String[] words = key.startsWith(KEY_PREFIX) ? key.split("/", -1) : new String[0];
        return words.length == 3 ? Optional.of(new String[] {words[1], words[2]}) : Optional.empty();
    }

    private Path file(String token, String kind) {
        return files.file("exec-" + token + "." + kind);
    }

    /// Blocks until the runtime was executed; with a terminal, until it exists.
    ExecProcess start(OciRuntimeCli runtime, ExecRequest request) {
        String token = request.token();
        try {
            Files.write(file(token, "json"), request.process().json());
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write " + file(token, "json") + ": " + e, e);
        }
        try {
            if (!request.process().terminal()) {
                return startWithPipes(runtime, request);
            }
            return runtime.isCrun()
                    ? startWithTerminal(runtime, token)
                    : startOnTerminal(runtime, token, request.process());
        } catch (ErrnoException e) {
            removeFiles(token);
            throw e.toKelp("execute a command in container " + id);
        } catch (KelpException e) {
            removeFiles(token);
            throw e;
        }
    }

    private ExecProcess startWithPipes(OciRuntimeCli runtime, ExecRequest request) throws ErrnoException {
        List<Fd> theirs = new ArrayList<>();
        List<Fd> ours = new ArrayList<>();
        try {
            Map<Integer, Fd> streams = new HashMap<>();
            Optional<Fd> stdin = Optional.empty();
            Optional<Fd> stdout = Optional.empty();
            Optional<Fd> stderr = Optional.empty();
            if (!request.detach()) {
                stdin = request.stdin() ? Optional.of(pipe(0, streams, theirs, ours)) : Optional.empty();
                stdout = Optional.of(pipe(1, streams, theirs, ours));
                stderr = Optional.of(pipe(2, streams, theirs, ours));
            }
            SpawnedProcess child = spawnPlain(runtime, request.token(), streams);
            return new ExecProcess(
                    request.token(), Optional.empty(), stdin, stdout, stderr, ending(request.token(), child));
        } catch (ErrnoException | KelpException e) {
            ours.forEach(Fd::close);
            throw e;
        } finally {
            theirs.forEach(Fd::close);
        }
    }

    /// As [#start], with both outputs caught here.
    CapturedExec startCaptured(OciRuntimeCli runtime, ExecRequest request, int bytesMax) {
        String token = request.token();
        try {
            Files.write(file(token, "json"), request.process().json());
            Fd[] ends = Pipes.pipe();
            try (Fd theirs = ends[1]) {
                SpawnedProcess child = spawnPlain(runtime, token, Map.of(1, theirs, 2, theirs));
                ExecProcess.Ending ending = ending(token, child);
                ending.told().run();
                return new CapturedExec(
                        context.watcher(),
                        ends[0],
                        bytesMax,
                        () -> processOf(token).orElse(child.pid()),
                        ending.exit());
            } catch (KelpException e) {
                ends[0].close();
                throw e;
            }
        } catch (ErrnoException e) {
            removeFiles(token);
            throw e.toKelp("execute a command in container " + id);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write " + file(token, "json") + ": " + e, e);
        } catch (KelpException e) {
            removeFiles(token);
            throw e;
        }
    }

    /// The command's own pid; without it the runtime is still at work.
    private Optional<Integer> processOf(String token) {
        try {
            return Optional.of(
                    Integer.parseInt(Files.readString(file(token, "pid")).strip()));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Fd pipe(int target, Map<Integer, Fd> streams, List<Fd> theirs, List<Fd> ours) throws ErrnoException {
        Fd[] ends = Pipes.pipe();
        Fd child = target == 0 ? ends[0] : ends[1];
        Fd own = target == 0 ? ends[1] : ends[0];
        streams.put(target, child);
        theirs.add(child);
        ours.add(own);
        return own;
    }

    /// crun hands the terminal it makes over, and stays.
    private ExecProcess startWithTerminal(OciRuntimeCli runtime, String token) throws ErrnoException {
        Path socket = consoleSocket(token);
        List<String> argv = commandLine(runtime, token, List.of("--console-socket", socket.toString()));
        try (Fd listener = UnixSockets.listen(socket.toString(), UnixSockets.Type.STREAM, 1)) {
            SpawnedProcess child = spawn(SpawnRequest.of(key(id, token), argv, runtime.environment(), Map.of())
                    .inOwnSession());
            ExecProcess.Ending ending = ending(token, child);
            CompletableFuture<Integer> connected = context.watcher().readable(listener);
            CompletableFuture.anyOf(connected, ending.exit()).join();
            Optional<Fd> terminal = connected.isDone() ? Optional.of(receive(listener)) : Optional.empty();
            return new ExecProcess(token, terminal, Optional.empty(), Optional.empty(), Optional.empty(), ending);
        } finally {
            deleteQuietly(socket);
        }
    }

    /// runc takes a console socket only with `--detach`, and then nobody learns the exit code. Without one it
    /// copies
    /// between the terminal it is started on, whose size it takes over, and the one it makes: it is given a
    /// terminal,
    /// as the controlling one, or it would not learn of a new size.
    private ExecProcess startOnTerminal(OciRuntimeCli runtime, String token, OciSpec.ProcessConfig process)
            throws ErrnoException {
        List<String> argv = new ArrayList<>(List.of(Programs.setsid().toString(), "--ctty"));
        argv.addAll(commandLine(runtime, token, List.of()));
        Terminals.Pair pair = Terminals.open();
        try (Fd theirs = pair.slave()) {
            Terminals.setSize(pair.master(), process.rows(), process.columns());
            Map<Integer, Fd> streams = Map.of(0, theirs, 1, theirs, 2, theirs);
            SpawnedProcess child = spawn(SpawnRequest.of(key(id, token), argv, runtime.environment(), streams));
            return new ExecProcess(
                    token,
                    Optional.of(pair.master()),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    ending(token, child));
        } catch (ErrnoException | KelpException e) {
            pair.master().close();
            throw e;
        }
    }

    /// Neither runtime connects through a path longer than sun_path: the socket lies right below the run root.
    private Path consoleSocket(String token) {
        Path socket = context.runRoot().resolve("x-" + token.substring(0, Math.min(16, token.length())));
        deleteQuietly(socket);
        return socket;
    }

    private static Fd receive(Fd listener) throws ErrnoException {
        try (Fd connection = UnixSockets.accept(listener)) {
            UnixSockets.Received got = UnixSockets.receive(connection, new byte[4096], 0, 4096);
            if (got.descriptors().isEmpty()) {
                throw new KelpException(ErrorKind.INTERNAL, "the OCI runtime sent no terminal");
            }
            got.descriptors().stream().skip(1).forEach(Fd::close);
            return got.descriptors().getFirst();
        }
    }

    private List<String> commandLine(OciRuntimeCli runtime, String token, List<String> options) {
        List<String> argv = new ArrayList<>(List.of(runtime.program().toString()));
        argv.addAll(runtime.globalArguments());
        argv.addAll(List.of("--log", file(token, "log").toString(), "--log-format", "json", "exec"));
        argv.addAll(List.of("--process", file(token, "json").toString()));
        argv.addAll(List.of("--pid-file", file(token, "pid").toString()));
        argv.addAll(options);
        argv.add(id);
        return argv;
    }

    private SpawnedProcess spawnPlain(OciRuntimeCli runtime, String token, Map<Integer, Fd> streams) {
        List<String> argv = commandLine(runtime, token, List.of());
        return spawn(SpawnRequest.of(key(id, token), argv, runtime.environment(), streams)
                .inOwnSession());
    }

    private SpawnedProcess spawn(SpawnRequest request) {
        SpawnedProcess child = context.spawner().spawn(request);
        child.pidfd().close();
        return child;
    }

    private ExecProcess.Ending ending(String token, SpawnedProcess child) {
        return ending(token, child.waitStatus());
    }

    /// Of one that an earlier daemon started.
    ExecProcess.Ending ending(String token) {
        return ending(token, context.spawner().exit(key(id, token)));
    }

    private ExecProcess.Ending ending(String token, CompletableFuture<Integer> waitStatus) {
        CompletableFuture<ExecProcess.Exit> exit =
                waitStatus.thenApplyAsync(status -> ended(token, status), PlatformThreads.EXECUTOR);
        return new ExecProcess.Ending(exit, () -> {
            var _ = exit.thenRunAsync(() -> forget(token), PlatformThreads.EXECUTOR);
        });
    }

    /// Whether an earlier daemon started it and nobody was told its end.
    boolean isKept(String token) {
        return Files.exists(file(token, "json"));
    }

    void forget(String token) {
        removeFiles(token);
        context.spawner().acknowledge(key(id, token));
    }

    private ExecProcess.Exit ended(String token, int status) {
        int code = SpawnedProcess.exitCode(status);
        Optional<KelpException> failure = code == 0 ? Optional.empty() : failure(token);
        return new ExecProcess.Exit(
                failure.map(RuntimeFailure::exitCode).orElse(code), failure.map(KelpException::getMessage));
    }

    private Optional<KelpException> failure(String token) {
        try (var in = Files.newInputStream(file(token, "log"))) {
            String text = new String(in.readNBytes(LOG_BYTES_MAX), StandardCharsets.UTF_8);
            return RuntimeFailure.message(text).isEmpty()
                    ? Optional.empty()
                    : Optional.of(RuntimeFailure.of("execute a command in container " + id, text));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void removeFiles(String token) {
        for (String kind : List.of("json", "log", "pid")) {
            deleteQuietly(file(token, kind));
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "remove " + file, e);
        }
    }
}
