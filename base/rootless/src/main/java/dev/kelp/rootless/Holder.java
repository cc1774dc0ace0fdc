// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The daemon's end of its channel to the holder (`native/PROTOCOL.md`, section 3): starts programs, and keeps
/// descriptors and exits across restarts of the daemon.
///
/// One platform thread reads; every method may be called from any thread. A method that needs an answer waits for it
/// on a future, so a virtual thread may call it. When the holder goes, everything that waits fails with UNAVAILABLE and
/// [#closed] completes: the daemon then has nothing left to do.
public final class Holder implements Spawner, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Holder.class.getName());
    private static final int OWN_SESSION = 1;
    private static final int DIES_WITH_DAEMON = 2;
    private static final int DIES_WITH_HOLDER = 4;
    private static final int OWN_PIDS = 8;
    private static final int REAPS = 16;
    private static final String COMMAND_KEY = "command";

    private final Fd socket;
    private final Object sending = new Object();
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, Pending> pending = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Integer>> exits = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /// Ends of what earlier daemons started, which nobody here has asked for.
    private final Set<String> unasked = ConcurrentHashMap.newKeySet();

    private volatile Consumer<String> onUnasked = key -> {};
    private final Object listing = new Object();
    private final CompletableFuture<Void> readiness = new CompletableFuture<>();
    private Map<String, Fd> listed = new LinkedHashMap<>();
    private CompletableFuture<Map<String, Fd>> listAnswer = new CompletableFuture<>();

    private record Pending(String key, String program, CompletableFuture<SpawnedProcess> answer) {}

    /// Speaks over a connected SOCK_SEQPACKET, which it owns from now on.
    public Holder(Fd socket) {
        this.socket = socket;
        Thread.ofPlatform().name("kelp-holder").daemon(true).start(this::read);
    }

    /// The channel the holder left in descriptor 3 of the daemon.
    public static Holder inherited() {
        return new Holder(Fd.own(3));
    }

    /// Says that clients are accepted; only then the holder tells exits, also of what this daemon started.
    public void ready() {
        send(new Packet.Writer('R'), List.of());
        readiness.complete(null);
    }

    /// Whether exits are told: who waits for one before deadlocks the daemon's start.
    public boolean isReady() {
        return readiness.isDone();
    }

    /// Completes when exits are told.
    public CompletableFuture<Void> whenReady() {
        return readiness;
    }

    /// Asks the holder to end, and this daemon with it; containers go on.
    public void stop() {
        send(new Packet.Writer('Q'), List.of());
    }

    /// Keeps a descriptor under `name` beyond this daemon's life; one of that name is replaced. `fd` stays the
    /// caller's.
    public void store(String name, Fd fd) {
        send(new Packet.Writer('S').string(name), List.of(fd));
    }

    public void drop(String name) {
        send(new Packet.Writer('D').string(name), List.of());
    }

    /// The descriptors kept, by name; the caller owns these copies.
    public Map<String, Fd> stored() {
        synchronized (listing) {
            CompletableFuture<Map<String, Fd>> answer = new CompletableFuture<>();
            listAnswer = answer;
            failIfClosed(answer);
            send(new Packet.Writer('L'), List.of());
            return wait(answer);
        }
    }

    @Override
    public SpawnedProcess spawn(SpawnRequest request) {
        int id = ids.incrementAndGet();
        List<Fd> fds = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        request.descriptors().forEach((target, fd) -> {
            targets.add(target);
            fds.add(fd);
        });
        Packet.Writer packet = new Packet.Writer('X')
                .u32(id)
                .string(request.key())
                .u8(flags(request))
                .strings(request.argv())
                .strings(request.environment())
                .u32(targets.size());
        targets.forEach(packet::u32);
        packet.string(request.workingDirectory().isEmpty() ? "/" : request.workingDirectory());
        CompletableFuture<SpawnedProcess> answer = new CompletableFuture<>();
        pending.put(id, new Pending(request.key(), request.argv().getFirst(), answer));
        failIfClosed(answer);
        try {
            send(packet, fds);
            return wait(answer);
        } finally {
            pending.remove(id);
        }
    }

    /// Has a launcher run its command: once, and only over a launcher's channel.
    ///
    /// @throws KelpException as [#spawn]
    public SpawnedProcess launch(LaunchRequest request) {
        int id = ids.incrementAndGet();
        Packet.Writer packet = new Packet.Writer('C')
                .u32(id)
                .u8((request.ownPids() ? OWN_PIDS : 0) | (request.reaps() ? REAPS : 0))
                .u32(request.firstWord())
                .strings(request.variables());
        CompletableFuture<SpawnedProcess> answer = new CompletableFuture<>();
        pending.put(id, new Pending(COMMAND_KEY, request.name(), answer));
        failIfClosed(answer);
        try {
            send(packet, request.namespaces());
            return wait(answer);
        } finally {
            pending.remove(id);
        }
    }

    private static int flags(SpawnRequest request) {
        int life = switch (request.life()) {
            case ITS_OWN -> 0;
            case DAEMON -> DIES_WITH_DAEMON;
            case HOLDER -> DIES_WITH_HOLDER;
        };
        return life | (request.ownSession() ? OWN_SESSION : 0);
    }

    /// Has this told of each process that an earlier daemon started and that has ended without anybody here having
    /// asked for it, by its key; perhaps twice. It must not block.
    public void onUnasked(Consumer<String> listener) {
        onUnasked = listener;
        unasked.forEach(listener);
    }

    @Override
    public CompletableFuture<Integer> exit(String key) {
        CompletableFuture<Integer> exit = exits.computeIfAbsent(key, k -> new CompletableFuture<>());
        failIfClosed(exit);
        return exit;
    }

    @Override
    public void acknowledge(String key) {
        exits.remove(key);
        unasked.remove(key);
        send(new Packet.Writer('A').string(key), List.of());
    }

    /// Completes when the holder has closed the channel.
    public CompletableFuture<Void> closed() {
        return closed;
    }

    /// Leaves the channel; the holder takes that for the daemon's end.
    @Override
    public void close() {
        try {
            synchronized (sending) {
                if (socket.isOpen()) {
                    UnixSockets.shutdown(socket, 2);
                }
            }
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "shutdown of the holder's channel", e);
        }
    }

    private void send(Packet.Writer packet, List<Fd> fds) {
        byte[] bytes = packet.bytes();
        synchronized (sending) {
            if (!socket.isOpen()) {
                throw gone(null);
            }
            try {
                UnixSockets.send(socket, bytes, fds);
            } catch (ErrnoException e) {
                throw gone(e);
            }
        }
    }

    private void read() {
        byte[] buffer = new byte[Packet.BYTES_MAX];
        Throwable why = null;
        try {
            while (true) {
                UnixSockets.Received got = UnixSockets.receive(socket, buffer, 0, buffer.length);
                if (got.bytes() == 0) {
                    break;
                }
                take(new Packet.Reader(buffer, got.bytes()), got.descriptors());
            }
        } catch (ErrnoException | KelpException e) {
            why = e;
        }
        end(why);
    }

    private void take(Packet.Reader packet, List<Fd> fds) {
        char type = packet.type();
        switch (type) {
            case 'P' -> spawned(packet.u32(), packet.u32(), fds);
            case 'W' -> {
                String key = packet.string();
                packet.u32();
                ended(key, packet.u32());
            }
            case 'F' -> {
                Fd replaced = listed.put(packet.string(), fds.getFirst());
                if (replaced != null) {
                    replaced.close();
                }
            }
            case 'E' -> {
                Map<String, Fd> all = listed;
                listed = new LinkedHashMap<>();
                listAnswer.complete(all);
            }
            default -> {
                fds.forEach(Fd::close);
                LOG.log(Level.WARNING, "the holder sent a message of the unknown type {0}", (int) type);
            }
        }
    }

    private void ended(String key, int status) {
        CompletableFuture<Integer> asked = exits.putIfAbsent(key, CompletableFuture.completedFuture(status));
        if (asked != null) {
            asked.complete(status);
        } else {
            unasked.add(key);
            onUnasked.accept(key);
        }
    }

    /// Runs on the reading thread, so the exit's future is there before a `W` that follows is read.
    private void spawned(int id, int pid, List<Fd> fds) {
        Pending p = pending.remove(id);
        if (p == null || (pid > 0 && fds.isEmpty())) {
            fds.forEach(Fd::close);
            LOG.log(Level.WARNING, "the holder answered a spawn nobody asked for: {0}", id);
            return;
        }
        if (pid <= 0) {
            p.answer().completeExceptionally(failed(p.program(), -pid));
            return;
        }
        CompletableFuture<Integer> exit = new CompletableFuture<>();
        exits.put(p.key(), exit);
        p.answer().complete(new SpawnedProcess(pid, fds.getFirst(), exit));
    }

    private static KelpException failed(String program, int errno) {
        KelpException e = new ErrnoException("execve", errno, program).toKelp("start " + program);
        return errno == Errno.E2BIG ? e.withHint("arguments and environment together are too long") : e;
    }

    private void end(@Nullable Throwable why) {
        synchronized (sending) {
            socket.close();
        }
        KelpException gone = gone(why);
        closed.complete(null);
        pending.values().forEach(p -> p.answer().completeExceptionally(gone));
        exits.values().forEach(e -> e.completeExceptionally(gone));
        listed.values().forEach(Fd::close);
        listAnswer.completeExceptionally(gone);
    }

    /// A future made after [#end] ran would never complete; [#closed] is completed before the futures are walked.
    private void failIfClosed(CompletableFuture<?> future) {
        if (closed.isDone()) {
            future.completeExceptionally(gone(null));
        }
    }

    private static KelpException gone(@Nullable Throwable why) {
        return new KelpException(ErrorKind.UNAVAILABLE, "the holder is gone", why);
    }

    private static <T> T wait(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof KelpException k) {
                throw k.within("ask the holder");
            }
            throw e;
        }
    }
}
