// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// A program of the machine that prints something and ends.
final class ShortCommand {
    private static final int OUTPUT_BYTES_MAX = 8 << 20;
    private static final AtomicLong COUNT = new AtomicLong();

    private ShortCommand() {}

    /// Its output and errors together. Blocks: platform threads only.
    ///
    /// @throws KelpException INVALID_ARGUMENT when it fails
    static String run(Spawner spawner, Path program, List<String> arguments) {
        List<String> argv = new ArrayList<>(List.of(program.toString()));
        argv.addAll(arguments);
        String key = "command/" + COUNT.incrementAndGet();
        List<String> environment = new ArrayList<>(OciRuntimeCli.ENVIRONMENT);
        environment.add("LC_ALL=C.UTF-8");
        try {
            Fd[] pipe = Pipes.pipe();
            try (InputStream in = Pipes.input(pipe[0])) {
                SpawnedProcess child;
                try (Fd write = pipe[1]) {
                    child = spawner.spawn(SpawnRequest.of(key, argv, environment, Map.of(1, write, 2, write))
                            .dyingWithDaemon());
                }
                child.pidfd().close();
                String output = new String(in.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
                int code = SpawnedProcess.exitCode(PlatformThreads.join(child.waitStatus()));
                spawner.acknowledge(key);
                if (code != 0) {
                    throw KelpException.invalid(program.getFileName() + " " + String.join(" ", arguments) + ": "
                            + (output.isBlank()
                                    ? "exit code " + code
                                    : output.lines()
                                            .filter(l -> !l.isBlank())
                                            .findFirst()
                                            .orElse("")
                                            .strip()));
                }
                return output;
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "run " + program + ": " + e.getMessage(), e);
        }
    }
}
