// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.rootless.Spawner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// Programs of the distribution that work on networks. The search path is fixed: the user's is the client's business.
public final class HostPrograms {
    static final List<String> ENVIRONMENT =
            List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    private static final List<Path> FOLDERS = List.of(
            Path.of("/usr/local/sbin"),
            Path.of("/usr/local/bin"),
            Path.of("/usr/sbin"),
            Path.of("/usr/bin"),
            Path.of("/sbin"),
            Path.of("/bin"));
    private static final int OUTPUT_BYTES_MAX = 64 << 10;
    private static final AtomicLong RUNS = new AtomicLong();

    private final Spawner spawner;

    public HostPrograms(Spawner spawner) {
        this.spawner = spawner;
    }

    Spawner spawner() {
        return spawner;
    }

    static Optional<Path> find(String name) {
        return FOLDERS.stream()
                .map(f -> f.resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Path require(String name, String packageName) {
        return find(name)
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, name + " is not installed")
                        .withHint("apt-get install " + packageName));
    }

    /// How a program ended.
    ///
    /// @param output what it wrote to standard output, at most 64 KiB of it
    /// @param words what it wrote to standard error
    public record Finished(int code, byte[] output, String words) {}

    /// Runs a program inside a network namespace to its end, by nsenter(1).
    ///
    /// @param input what it reads
    /// @throws KelpException with its own words when it fails
    void run(DetachedNamespace where, String name, String packageName, String input, String... arguments) {
        List<String> argv = new ArrayList<>(List.of(require(name, packageName).toString()));
        argv.addAll(List.of(arguments));
        Finished done = run(where, argv, ENVIRONMENT, input.getBytes(StandardCharsets.UTF_8));
        if (done.code() != 0) {
            throw new KelpException(
                    ErrorKind.INTERNAL,
                    name + ": "
                            + (done.words().isBlank()
                                    ? "exit code " + done.code()
                                    : done.words().strip()));
        }
    }

    /// The same for any program that takes no arguments.
    ///
    /// @param variables `NAME=value`, besides the search path
    public Finished run(DetachedNamespace where, Path program, List<String> variables, byte[] input) {
        List<String> environment = new ArrayList<>(ENVIRONMENT);
        environment.addAll(variables);
        return run(where, List.of(program.toString()), environment, input);
    }

    private Finished run(DetachedNamespace where, List<String> command, List<String> environment, byte[] input) {
        String name = Path.of(command.getFirst()).getFileName().toString();
        List<String> argv =
                new ArrayList<>(List.of(require("nsenter", "util-linux").toString(), "--net=" + where.path()));
        argv.addAll(command);
        String key = "network/" + name + "/" + RUNS.incrementAndGet();
        // Files take any amount without a reader.
        try (Fd in = Pipes.memory(name);
                Fd out = Pipes.memory(name);
                Fd err = Pipes.memory(name)) {
            Pipes.writeAll(in, input, 0, input.length);
            Pipes.seek(in, 0, 0);
            SpawnedProcess child = spawner.spawn(SpawnRequest.of(key, argv, environment, Map.of(0, in, 1, out, 2, err))
                    .dyingWithDaemon());
            child.pidfd().close();
            int code = SpawnedProcess.exitCode(child.waitStatus().join());
            spawner.acknowledge(key);
            return new Finished(code, content(out), new String(content(err), StandardCharsets.UTF_8));
        } catch (ErrnoException e) {
            throw e.toKelp("run " + name);
        }
    }

    private static byte[] content(Fd fd) throws ErrnoException {
        Pipes.seek(fd, 0, 0);
        try (InputStream in = Pipes.input(fd.duplicate())) {
            return in.readNBytes(OUTPUT_BYTES_MAX);
        } catch (ErrnoException e) {
            throw e;
        } catch (IOException e) {
            return new byte[0];
        }
    }
}
