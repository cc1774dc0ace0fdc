// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless.testing;

import dev.kelp.linux.UnixSockets;
import dev.kelp.rootless.Holder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// A holder for tests: a small program that speaks the protocol and makes no namespaces. Its children run where the
/// test's JVM runs. Needs python3.
public final class TestHolder implements AutoCloseable {
    private final Path folder;
    private final Path socket;
    private final Process process;
    private Holder holder;

    public TestHolder() throws IOException {
        folder = Files.createTempDirectory(Path.of("/tmp"), "kelp-holder");
        socket = folder.resolve("socket");
        Path script = folder.resolve("holder.py");
        try (var in = Objects.requireNonNull(TestHolder.class.getResourceAsStream("holder.py"))) {
            Files.copy(in, script);
        }
        process = new ProcessBuilder("python3", script.toString(), socket.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line = process.inputReader().readLine();
        if (!"listening".equals(line)) {
            throw new IOException("the test holder did not start: " + line);
        }
        holder = connect();
    }

    private Holder connect() throws IOException {
        Holder made = new Holder(UnixSockets.connect(socket.toString(), UnixSockets.Type.SEQPACKET));
        made.ready();
        return made;
    }

    /// The present daemon's channel.
    public Holder holder() {
        return holder;
    }

    /// What a restart of the daemon is to the holder: the channel ends, and a new one begins.
    public Holder restartDaemon() throws IOException {
        holder.close();
        holder.closed().join();
        holder = connect();
        return holder;
    }

    @Override
    public void close() throws IOException {
        holder.close();
        process.destroyForcibly();
        Files.deleteIfExists(socket);
        Files.deleteIfExists(folder.resolve("holder.py"));
        Files.deleteIfExists(folder);
    }
}
