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

    /// Runs a program inside a network namespace to its end, by nsenter(1).
    ///
    /// @param input what it reads
    /// @throws KelpException with its own words when it fails
    void run(DetachedNamespace where, String name, String packageName, String input, String... arguments) {
        List<String> argv = new ArrayList<>(List.of(
                require("nsenter", "util-linux").toString(),
                "--net=" + where.path(),
                require(name, packageName).toString()));
        argv.addAll(List.of(arguments));
        String key = "network/" + name + "/" + RUNS.incrementAndGet();
        try (Fd in = Pipes.memory(name)) {
            byte[] text = input.getBytes(StandardCharsets.UTF_8);
            Pipes.writeAll(in, text, 0, text.length);
            Pipes.seek(in, 0, 0);
            Fd[] err = Pipes.pipe();
            try (Fd read = err[0];
                    Fd write = err[1]) {
                SpawnedProcess child = spawner.spawn(SpawnRequest.of(key, argv, ENVIRONMENT, Map.of(0, in, 2, write))
                        .dyingWithDaemon());
                child.pidfd().close();
                write.close();
                String words = text(read);
                int code = SpawnedProcess.exitCode(child.waitStatus().join());
                spawner.acknowledge(key);
                if (code != 0) {
                    throw new KelpException(
                            ErrorKind.INTERNAL, name + ": " + (words.isBlank() ? "exit code " + code : words.strip()));
                }
            }
        } catch (ErrnoException e) {
            throw e.toKelp("run " + name);
        }
    }

    private static String text(Fd fd) throws ErrnoException {
        try (InputStream in = Pipes.input(fd)) {
            return new String(in.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (ErrnoException e) {
            throw e;
        } catch (IOException e) {
            return "";
        }
    }
}
