// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Processes;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.rootless.Spawner;
import dev.kelp.runtime.ContainerLog.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A program of the user's that takes a container's output, as containerd starts one for a `binary://` log: it reads
/// standard output from descriptor 3 and standard error from 4, and closes 5 when it is ready.
/// `binary:///PATH?KEY=VALUE&…` gives it the words KEY VALUE ….
///
/// What it has not read when the daemon is killed, and what it has read and not kept, it is sent again by the next.
public final class BinaryReceiver implements LogReceiver {
    private static final String SCHEME = "binary";
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final long READY_SECONDS = 10;
    private static final long END_SECONDS = 3;

    private final Spawner spawner;
    private final String key;
    private final SpawnedProcess program;
    private final OutputStream stdout;
    private final OutputStream stderr;

    private BinaryReceiver(
            Spawner spawner, String key, SpawnedProcess program, OutputStream stdout, OutputStream stderr) {
        this.spawner = spawner;
        this.key = key;
        this.program = program;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    /// Whether a log driver is the URI of a program.
    public static boolean isUri(String driver) {
        return driver.startsWith(SCHEME + "://");
    }

    /// The words to start the program by.
    ///
    /// @throws KelpException INVALID_ARGUMENT when it is no such URI, NOT_FOUND when there is no such program
    public static List<String> command(String driver) {
        URI uri;
        try {
            uri = new URI(driver);
        } catch (URISyntaxException e) {
            throw KelpException.invalid("invalid log driver `" + driver + "`: " + e.getReason());
        }
        String path = uri.getPath();
        if (uri.getAuthority() != null || path == null || !path.startsWith("/")) {
            throw KelpException.invalid("invalid log driver `" + driver + "`: expected binary:///PATH?KEY=VALUE…");
        }
        if (!Files.isExecutable(Path.of(path))) {
            throw KelpException.notFound("the log driver's program `" + path + "` is no executable file");
        }
        List<String> words = new ArrayList<>(List.of(path));
        String query = uri.getRawQuery();
        for (String pair : query == null || query.isEmpty() ? new String[0] : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            words.add(decoded(equals < 0 ? pair : pair.substring(0, equals)));
            if (equals >= 0) {
                words.add(decoded(pair.substring(equals + 1)));
            }
        }
        return words;
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw KelpException.invalid("invalid log driver: `" + text + "`: " + e.getMessage());
        }
    }

    /// Starts the program and waits until it is ready. Blocks: platform threads only.
    public static LogReceiver open(Spawner spawner, String driver, String id, String namespace) throws IOException {
        List<String> words = command(driver);
        String key = "log/" + id + "/" + Long.toHexString(System.nanoTime());
        Fd[] out = Pipes.pipe();
        Fd[] err = Pipes.pipe();
        Fd[] ready = Pipes.pipe();
        SpawnedProcess program;
        try (Fd fromOut = out[0];
                Fd fromErr = err[0];
                Fd whenReady = ready[1]) {
            program = spawner.spawn(SpawnRequest.of(
                            key,
                            words,
                            List.of("CONTAINER_ID=" + id, "CONTAINER_NAMESPACE=" + namespace, "PATH=" + PATH),
                            Map.of(3, fromOut, 4, fromErr, 5, whenReady))
                    .dyingWithDaemon());
        } catch (KelpException e) {
            List.of(out[1], err[1], ready[0]).forEach(Fd::close);
            throw new IOException(e.getMessage(), e);
        }
        BinaryReceiver made = new BinaryReceiver(spawner, key, program, Pipes.output(out[1]), Pipes.output(err[1]));
        try {
            made.awaitReady(ready[0], words.getFirst());
        } catch (IOException e) {
            made.close();
            throw e;
        }
        return made;
    }

    private void awaitReady(Fd ready, String path) throws IOException {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("log-program").start(() -> {
            try (InputStream in = Pipes.input(ready)) {
                in.transferTo(OutputStream.nullOutputStream());
                closed.complete(null);
            } catch (IOException e) {
                closed.completeExceptionally(e);
            }
        });
        try {
            closed.get(READY_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new IOException("`" + path + "` was not ready in " + READY_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while `" + path + "` starts", e);
        }
    }

    @Override
    public void send(List<Entry> entries) throws IOException {
        for (Entry e : entries) {
            (e.stderr() ? stderr : stdout).write(e.data());
        }
        if (program.waitStatus().isDone()) {
            throw new IOException("the program has ended");
        }
    }

    /// Both ends are told by the end of its input; one that goes on all the same is killed.
    @Override
    public void close() throws IOException {
        try (stdout;
                stderr) {
            stdout.flush();
        }
        try {
            program.waitStatus().get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            kill();
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
        program.pidfd().close();
        spawner.acknowledge(key);
    }

    private void kill() throws ErrnoException {
        Processes.kill(program.pid(), Processes.SIGKILL);
    }
}
