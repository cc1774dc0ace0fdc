// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.rootless.Spawner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// conmon(8): one process per container that keeps its stdio, log and exit code while no daemon is there.
///
/// It is started with `--sync`, so that it stays the holder's child and its pidfd is the one process to watch, and
/// waits for a byte on its start pipe: its own start overlaps with making the container's mounts.
final class Monitor {
    static final String KEY_PREFIX = "monitor/";

    private static final int SYNC_FD = 3;
    private static final int START_FD = 4;
    private static final int MESSAGE_BYTES_MAX = 64 << 10;

    /// conmon makes a socket `conmon-term.XXXXXX` in TMPDIR for the terminal, and sun_path is short.
    private static final int TMPDIR_CHARS_MAX = 80;

    private final SpawnedProcess process;
    private final Fd sync;
    private final Fd start;
    private final Fd errors;

    private Monitor(SpawnedProcess process, Fd sync, Fd start, Fd errors) {
        this.process = process;
        this.sync = sync;
        this.start = start;
        this.errors = errors;
    }

    /// Starts conmon, which waits for [#proceed].
    static Monitor spawn(Spawner spawner, TaskSpec spec, OciRuntimeCli runtime, TaskFiles files) {
        Fd[] sync = pipe();
        Fd[] start = pipe();
        Fd[] errors = pipe();
        try (Fd syncWrite = sync[1];
                Fd startRead = start[0];
                Fd errorsWrite = errors[1]) {
            SpawnRequest request = new SpawnRequest(
                    KEY_PREFIX + spec.id(),
                    commandLine(spec, runtime, files),
                    environment(files, runtime),
                    Map.of(2, errorsWrite, SYNC_FD, syncWrite, START_FD, startRead),
                    files.bundle().toString(),
                    false,
                    SpawnRequest.Life.ITS_OWN);
            return new Monitor(spawner.spawn(request), sync[0], start[1], errors[0]);
        } catch (KelpException e) {
            sync[0].close();
            start[1].close();
            errors[0].close();
            throw e.within("start the monitor of container " + spec.id());
        }
    }

    private static List<String> environment(TaskFiles files, OciRuntimeCli runtime) {
        List<String> all = new ArrayList<>(runtime.environment());
        all.add("_OCI_SYNCPIPE=" + SYNC_FD);
        all.add("_OCI_STARTPIPE=" + START_FD);
        String folder = files.exits().toString();
        if (folder.length() <= TMPDIR_CHARS_MAX) {
            all.add("TMPDIR=" + folder);
        }
        return all;
    }

    /// `--full-attach`: the socket lies in the bundle under a path of any length.
    private static List<String> commandLine(TaskSpec spec, OciRuntimeCli runtime, TaskFiles files) {
        List<String> all = new ArrayList<>(List.of(
                Programs.conmon().toString(),
                "--sync",
                "--no-sync-log",
                "--full-attach",
                "-c",
                spec.id(),
                "-u",
                spec.id(),
                "-n",
                spec.name(),
                "-r",
                runtime.program().toString(),
                "-b",
                files.bundle().toString(),
                "-p",
                files.file("pid").toString(),
                "-l",
                spec.log().map(log -> "k8s-file:" + log).orElse("none"),
                "--exit-dir",
                files.exits().toString()));
        if (spec.timeoutSeconds() > 0) {
            all.addAll(List.of("--timeout", Long.toString(spec.timeoutSeconds())));
        }
        if (spec.terminal()) {
            all.add("-t");
        }
        if (spec.stdin()) {
            all.add("-i");
            if (!spec.stdinOnce()) {
                all.add("--leave-stdin-open");
            }
        }
        for (String argument : runtime.globalArguments()) {
            all.add("--runtime-arg");
            all.add(argument);
        }
        return all;
    }

    int pid() {
        return process.pid();
    }

    /// Readable when conmon has ended; the caller owns it.
    Fd pidfd() {
        return process.pidfd();
    }

    /// Lets conmon run the OCI runtime's `create`, and waits for its outcome. Blocks: platform threads only.
    ///
    /// @return the pid of the container's first process
    int proceed(String what) {
        try (start;
                sync;
                errors) {
            Pipes.writeAll(start, new byte[] {1}, 0, 1);
            start.close();
            byte[] message = readLine(sync);
            if (message.length == 0) {
                throw new KelpException(
                        ErrorKind.INTERNAL, what + ": the monitor ended: " + RuntimeFailure.message(text(errors)));
            }
            return created(what, message);
        } catch (ErrnoException e) {
            throw e.toKelp(what);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, what + ": " + e.getMessage(), e);
        }
    }

    private static int created(String what, byte[] message) {
        try {
            JsonNode node = OciJson.mapper().readTree(message);
            int pid = node.path("pid").asInt(-1);
            if (pid > 0) {
                return pid;
            }
            throw RuntimeFailure.of(what, node.path("message").asString("the OCI runtime failed without a word"));
        } catch (JacksonException e) {
            // conmon does not escape every control character of the runtime's message
            throw RuntimeFailure.of(what, new String(message, StandardCharsets.UTF_8));
        }
    }

    /// Reads to the end of the first line: conmon keeps the pipe open as long as it lives.
    private static byte[] readLine(Fd fd) throws IOException {
        byte[] buffer = new byte[MESSAGE_BYTES_MAX];
        int length = 0;
        try (InputStream in = Pipes.input(fd)) {
            while (length < buffer.length) {
                int n = in.read(buffer, length, buffer.length - length);
                if (n < 0) {
                    break;
                }
                length += n;
                if (buffer[length - 1] == '\n') {
                    break;
                }
            }
        }
        return Arrays.copyOf(buffer, length);
    }

    private static String text(Fd fd) throws IOException {
        try (InputStream in = Pipes.input(fd)) {
            return new String(in.readNBytes(OciRuntimeCli.OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
        }
    }

    /// Ends a monitor that has no container.
    void abandon() {
        try {
            Processes.sendSignal(process.pidfd(), Processes.SIGKILL);
        } catch (ErrnoException e) {
            // it has ended by itself
        }
        start.close();
        sync.close();
        errors.close();
        process.pidfd().close();
    }

    /// The pidfd of a container's monitor that an earlier daemon started, if it lives.
    static Optional<Fd> find(TaskFiles files, String id) {
        Optional<Integer> pid = files.monitorPid().filter(p -> isMonitor(p, id)).or(() -> search(id));
        try {
            return pid.isEmpty() ? Optional.empty() : Optional.of(Processes.pidfdOpen(pid.get()));
        } catch (ErrnoException e) {
            return Optional.empty();
        }
    }

    /// For a daemon that died between starting a monitor and writing its pid.
    private static Optional<Integer> search(String id) {
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
            for (Path p : processes) {
                int pid = Integer.parseInt(p.getFileName().toString());
                if (isMonitor(pid, id)) {
                    return Optional.of(pid);
                }
            }
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /// conmon's child that becomes the runtime has the same command line for a moment; its parent is a conmon too.
    private static boolean isMonitor(int pid, String id) {
        try {
            List<String> words = List.of(
                    Files.readString(Path.of("/proc/" + pid + "/cmdline")).split("\0"));
            return words.size() > 6
                    && words.getFirst().endsWith("conmon")
                    && words.get(4).equals("-c")
                    && words.get(5).equals(id)
                    && !Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
        } catch (IOException e) {
            return false;
        }
    }

    private static Fd[] pipe() {
        try {
            return Pipes.pipe();
        } catch (ErrnoException e) {
            throw e.toKelp("make a pipe");
        }
    }
}
