// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.ClientContext.ElsewhereException;
import dev.kelp.cli.ClientContext.OutputClosedException;
import dev.kelp.cli.shell.Shell;
import dev.kelp.engine.Containers;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;

/// Accepts clients and runs their commands.
///
/// Limit: [#CLIENTS_MAX] at once, two threads each; further ones are turned away with exit code 125.
final class ClientServer {
    static final int CLIENTS_MAX = 4096;

    /// What uid 0 of the host looks like from inside a namespace that does not map it (overflowuid,
    /// user_namespaces(7)).
    private static final int OVERFLOW_UID = 65_534;

    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int SIGPIPE_EXIT = 141;
    private static final int FAILED_EXIT = 125;
    private static final int UNWRITTEN_EXIT = 1;

    /// A client has its request ready when it connects; this long (a machine may be that busy) and it is dead.
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final int SHORTAGE_PAUSE_MILLIS = 100;
    private static final Logger LOG = System.getLogger(ClientServer.class.getName());

    private final Commands commands;
    private final String buildId;
    private final IntPredicate owners;
    private final Duration patience;
    private final Fd[] wake;
    private final AtomicInteger clients = new AtomicInteger();
    private final AtomicLong lastActiveNanos = new AtomicLong(System.nanoTime());
    private final ThreadPoolExecutor threads;

    /// What runs behind the socket.
    interface Commands {
        /// Runs the client's command and gives its exit code.
        int run(ClientContext client);

        /// The exit code of the session a client lost sight of when an earlier daemon ended; empty: unknown
        /// token.
        Optional<Containers.Resumed> resume(String token);
    }

    /// @param hostRoot whether host root, who is not in the user namespace, is the user
    ClientServer(Commands commands, String buildId, boolean hostRoot) {
        this(commands, buildId, owners(hostRoot), PATIENCE);
    }

    static IntPredicate owners(boolean hostRoot) {
        return uid -> uid == 0 || (hostRoot && uid == OVERFLOW_UID);
    }

    /// @param owners the user ids, as this user namespace sees them, whose clients are served
    /// @param patience how long a client may take over its first frame
    ClientServer(Commands commands, String buildId, IntPredicate owners, Duration patience) {
        this.commands = commands;
        this.buildId = buildId;
        this.owners = owners;
        this.patience = patience;
        try {
            this.wake = Pipes.pipe();
        } catch (ErrnoException e) {
            throw e.toKelp("cannot make a pipe");
        }
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                2,
                2 * CLIENTS_MAX,
                5,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                r -> Thread.ofPlatform()
                        .daemon(true)
                        .name("client-" + number.incrementAndGet())
                        .unstarted(r));
    }

    /// Accepts until [#drain]; the body of the accepting thread.
    void accept(Fd listener) throws ErrnoException {
        while (Poll.await(List.of(listener, wake[0]), Poll.POLLIN, -1)[1] == 0) {
            Optional<Fd> socket = acceptOne(listener);
            lastActiveNanos.set(System.nanoTime());
            if (socket.isEmpty()) {
                Poll.await(wake[0], Poll.POLLIN, SHORTAGE_PAUSE_MILLIS);
            } else {
                begin(socket.get());
            }
        }
    }

    /// Empty when this process or the machine is short of descriptors or memory, which passes: the client
    /// waits in the backlog meanwhile.
    private static Optional<Fd> acceptOne(Fd listener) throws ErrnoException {
        try {
            return Optional.of(UnixSockets.accept(listener));
        } catch (ErrnoException e) {
            if (e.is(Errno.EMFILE) || e.is(Errno.ENFILE) || e.is(Errno.ENOMEM)) {
                LOG.log(Level.WARNING, "cannot accept a client now", e);
                return Optional.empty();
            }
            throw e;
        }
    }

    private void begin(Fd socket) {
        if (clients.incrementAndGet() > CLIENTS_MAX) {
            clients.decrementAndGet();
            LOG.log(Level.WARNING, "more than " + CLIENTS_MAX + " clients at once: one was turned away");
            socket.close();
            return;
        }
        try {
            threads.execute(() -> serve(socket));
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // no thread can be made: this client is lost, the daemon is not
            clients.decrementAndGet();
            socket.close();
            LOG.log(Level.WARNING, "no thread for a client", e);
        }
    }

    /// Accepts nobody any more, so that whoever comes waits in the backlog for the next daemon, and gives the
    /// commands
    /// under way some time to end. Those attached to a container go on without a daemon.
    void drain() {
        try {
            Pipes.writeAll(wake[1], new byte[1], 0, 1);
            long end = System.nanoTime() + DRAIN_NANOS;
            while (clients.get() > 0 && System.nanoTime() < end) {
                Thread.sleep(10);
            }
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "cannot stop accepting", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    int activeClients() {
        return clients.get();
    }

    long idleNanos() {
        return System.nanoTime() - lastActiveNanos.get();
    }

    /// Serves one client from its first frame to its exit code, and closes the socket.
    void serve(Fd socket) {
        Connection connection = new Connection(socket);
        try {
            int uid = UnixSockets.peer(socket).uid();
            if (!owners.test(uid)) {
                LOG.log(Level.WARNING, "a client of uid " + uid + " was turned away");
                return;
            }
            Optional<Frame> first = Frame.read(socket, patience.toMillis());
            if (first.isPresent()) {
                serve(connection, first.get());
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a client's request", e);
        } catch (KelpException e) {
            LOG.log(e.kind() == ErrorKind.CANCELLED ? Level.DEBUG : Level.ERROR, "a client's command", e);
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "serving a client failed", e);
        } finally {
            connection.close();
            lastActiveNanos.set(System.nanoTime());
            clients.decrementAndGet();
            boolean _ = Thread.interrupted();
        }
    }

    private void serve(Connection connection, Frame first) throws IOException {
        switch (first.type()) {
            case Frame.REQUEST -> {
                try (Request request = Request.parse(first)) {
                    if (!request.buildId().equals(buildId)) {
                        connection.send(Frame.UPGRADE, new byte[0], List.of());
                        connection.hangUp();
                    } else {
                        command(connection, request);
                    }
                } catch (IOException e) {
                    first.close();
                    throw e;
                }
            }
            case Frame.RESUME -> {
                first.close();
                resume(connection, Payload.of(first.payload()).string());
            }
            default -> {
                first.close();
                throw new IOException("a client began with a frame of type " + first.type());
            }
        }
    }

    private void command(Connection connection, Request request) {
        SocketClientContext client = new SocketClientContext(connection, request);
        CompletableFuture<Void> reader = read(connection, client);
        int code = FAILED_EXIT;
        try {
            code = client.exitCode(commands.run(client));
            client.finish();
            client.flush();
        } catch (OutputClosedException e) {
            code = SIGPIPE_EXIT;
        } catch (ElsewhereException e) {
            byte[] address = Payload.writer().string(e.address()).toBytes();
            connection.send(Frame.ELSEWHERE, address, List.of());
        } catch (KelpException e) {
            // what was left to write; a command that failed by the same has told it
            if (code == 0) {
                tell(connection, String.valueOf(e.getMessage()));
                code = UNWRITTEN_EXIT;
            }
        } finally {
            client.finish();
            boolean _ = Thread.interrupted();
            end(connection, code, client::told, reader);
        }
    }

    /// Starts the thread that reads what the client sends from now on; completes at the client's end.
    private CompletableFuture<Void> read(Connection connection, Connection.Events events) {
        CompletableFuture<Void> reader = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                connection.readFrames(events);
            } finally {
                reader.complete(null);
            }
        });
        return reader;
    }

    /// The reader owns the socket's end: closing it before would let its number be used again under it.
    ///
    /// @param told the exit code is on its way, which a daemon that ends now does not change
    private static void end(Connection connection, int code, Runnable told, CompletableFuture<Void> reader) {
        connection.exit(code);
        told.run();
        reader.join();
    }

    private void resume(Connection connection, String token) {
        Optional<Containers.Resumed> resumed = commands.resume(token);
        CompletableFuture<Void> reader = read(connection, Connection.Events.NONE);
        int code = FAILED_EXIT;
        try {
            if (resumed.isEmpty()) {
                tell(connection, "the session is not known any more, so its exit code is lost");
            } else {
                // a client that goes away meanwhile has nothing to be told
                CompletableFuture<Integer> exit = resumed.get().exit();
                CompletableFuture.anyOf(exit, reader).get();
                code = reader.isDone() ? FAILED_EXIT : exit.join();
            }
        } catch (InterruptedException e) {
            code = Shell.EXIT_INTERRUPTED;
        } catch (ExecutionException e) {
            tell(connection, String.valueOf(e.getCause()));
        } finally {
            end(connection, code, resumed.map(Containers.Resumed::told).orElse(() -> {}), reader);
        }
    }

    private static void tell(Connection connection, String error) {
        connection.send(Frame.ERR, SocketClientContext.line("kelp: error: " + error), List.of());
    }
}
