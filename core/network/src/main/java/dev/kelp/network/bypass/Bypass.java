// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.EpollRequests;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NotifyLedger;
import dev.kelp.linux.NotifyLedger.Entry;
import dev.kelp.linux.NotifyLedger.Left;
import dev.kelp.linux.Processes;
import dev.kelp.linux.SeccompNotify;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.KelpException;
import dev.kelp.network.bypass.FilterMessage.Filter;
import dev.kelp.network.bypass.SocketCalls.Asked;
import dev.kelp.network.bypass.SocketCalls.Connecting;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Network acceleration for all containers that have it, on one thread in the host's network.
///
/// Names of what the keeper keeps: `bypass/listener`, `bypass/ledger`, `bypass/filter/CONTAINER/NUMBER`.
public final class Bypass implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Bypass.class.getName());
    private static final String LISTENER = "bypass/listener";
    private static final String LEDGER = "bypass/ledger";
    private static final String FILTER = "bypass/filter/";
    private static final int BACKLOG = 1024;

    /// Connections of one filter's programs that sleep until they are made; more are told to try again.
    private static final int CONNECTING_MAX = 512;

    /// How often connections are looked at whose callers may have been interrupted.
    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

    /// Without descriptors or memory for another call: the processor has better things to do.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path path;
    private final Keeper keeper;
    private final Epoll epoll;
    private final NotifyLedger ledger;
    private final Fd listener;
    private final EpollRequests requests;
    private final LoopbackGuard loopback;
    private final SocketCalls calls;
    private final Thread thread;
    private final CompletableFuture<Integer> threadId = new CompletableFuture<>();
    private final Map<Long, Source> sources = new HashMap<>();
    private final Map<Long, Filtered> filters = new HashMap<>();
    private final @Nullable Visitors visitors;
    private final Map<String, Guest> guests = new HashMap<>();
    private final Map<String, List<Filtered>> early = new HashMap<>();
    private @Nullable Filtered current;
    private long keys;
    private int connecting;

    /// When connections are looked at next.
    private long lookNanos;

    /// Keeps descriptors beyond this process' life, or does not.
    public interface Keeper {
        default void store(String name, Fd fd) {}

        default void drop(String name) {}
    }

    private static final Keeper FORGETFUL = new Keeper() {};

    /// What epoll watches.
    private interface Source {
        void ready(int events) throws ErrnoException;

        /// [#ready] failed; what cannot be replaced goes on after a pause.
        default void failed() {
            LockSupport.parkNanos(PAUSE_NANOS);
        }

        void close();
    }

    private Bypass(Path path, Keeper keeper, Map<String, Fd> kept, @Nullable Visitors visitors, boolean filters)
            throws ErrnoException {
        this.path = path;
        this.keeper = keeper;
        this.visitors = visitors;
        Deque<Runnable> begun = new ArrayDeque<>();
        try {
            epoll = Epoll.create();
            begun.push(epoll::close);
            requests = new EpollRequests(epoll);
            begun.push(requests::close);
            Fd memory = kept.get(LEDGER);
            ledger = memory == null ? NotifyLedger.create() : NotifyLedger.open(memory);
            begun.push(ledger::close);
            keeper.store(LEDGER, ledger.memory());
            listener = kept.containsKey(LISTENER) && Files.exists(path) ? kept.get(LISTENER) : listening(path);
            begun.push(listener::close);
            keeper.store(LISTENER, listener);
            loopback = new LoopbackGuard(filters);
            begun.push(loopback::close);
            calls = new SocketCalls(this::await, loopback, visitors == null);
            watch(listener, Epoll.IN, new Listening(listener));
        } catch (ErrnoException | RuntimeException e) {
            begun.forEach(Runnable::run);
            throw e;
        }
        thread = Thread.ofPlatform().name("kelp-bypass").daemon(true).unstarted(this::run);
    }

    private static Fd listening(Path path) throws ErrnoException {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "remove " + path, e);
        }
        return UnixSockets.listen(path.toString(), UnixSockets.Type.STREAM, BACKLOG);
    }

    /// Begins to serve.
    ///
    /// @param path of the socket that OCI runtimes send filters to, in a folder of this user's own
    /// @param kept what the keeper has kept for an earlier one, its names beginning with `bypass/`; becomes this
    ///     object's, but for names it does not know
    /// @param guests the containers that run
    public static Bypass open(Path path, Keeper keeper, Map<String, Fd> kept, Map<String, Guest> guests) {
        return open(path, keeper, kept, guests, true);
    }

    /// @param filters as [LoopbackGuard]
    static Bypass open(Path path, Keeper keeper, Map<String, Fd> kept, Map<String, Guest> guests, boolean filters) {
        try {
            Bypass bypass = new Bypass(path, keeper, kept, null, filters);
            bypass.guests.putAll(guests);
            if (!kept.containsKey(LISTENER) && !guests.isEmpty()) {
                LOG.log(
                        Level.WARNING,
                        "connect, bind and listen fail in containers whose filters are lost with the"
                                + " process that kept them, until they are started anew: {0}",
                        guests.keySet());
            }
            bypass.adopt(kept);
            bypass.thread.start();
            return bypass;
        } catch (ErrnoException e) {
            throw e.toKelp("begin with network acceleration");
        }
    }

    /// Serves whatever containers come, with profiles of anybody's: calls that are none of [SocketCalls]'s go on
    /// unseen.
    /// Nothing outlives this process; calls fail with ENOSYS after it.
    ///
    /// @param path as in [#open]
    public static Bypass open(Path path, Visitors visitors) {
        try {
            Bypass bypass = new Bypass(path, FORGETFUL, Map.of(), visitors, true);
            bypass.thread.start();
            return bypass;
        } catch (ErrnoException e) {
            throw e.toKelp("begin with network acceleration");
        }
    }

    /// Whether something of that name belongs to network acceleration.
    public static boolean isKept(String name) {
        return name.startsWith("bypass/");
    }

    private void adopt(Map<String, Fd> kept) throws ErrnoException {
        Map<Long, Filtered> byNumber = new HashMap<>();
        for (Map.Entry<String, Fd> k : kept.entrySet()) {
            String[] words = k.getKey().split("/");
            if (k.getKey().startsWith(FILTER) && words.length == 4) {
                long number = Long.parseLong(words[3]);
                keys = Math.max(keys, number);
                byNumber.put(number, new Filtered(words[2], k.getValue(), number));
            }
        }
        for (Filtered f : byNumber.values()) {
            f.begin();
        }
        for (Left left : ledger.left()) {
            Filtered f = byNumber.get(left.owner());
            Guest guest = f == null ? null : guests.get(f.container);
            if (f == null || guest == null) {
                ledger.forget(left.entry().slot());
            } else {
                requests.add(() -> f.answer(guest, left.entry(), true));
            }
        }
    }

    /// Where filters are sent to, with the container's id as metadata.
    public Path path() {
        return path;
    }

    /// The kernel's id of the thread that serves.
    public int thread() {
        return threadId.join();
    }

    /// Makes the first container's connections as quick as later ones. Returns at once.
    ///
    /// @param pattern a container
    public void rehearse(Guest pattern) {
        Rehearsal.begin(this, pattern);
    }

    /// A container begins, or has other networks from now on.
    public void enter(String container, Guest guest) {
        requests.add(() -> {
            guests.put(container, guest);
            List<Filtered> came = early.remove(container);
            if (came != null) {
                came.forEach(Filtered::resume);
            }
        });
    }

    /// A container has ended: its filters have no user any more.
    public void leave(String container) {
        requests.add(() -> {
            guests.remove(container);
            early.remove(container);
            List.copyOf(filters.values()).stream()
                    .filter(f -> f.container.equals(container))
                    .forEach(Filtered::close);
        });
    }

    /// Takes a filter that came by another way than the socket.
    void take(String container, Fd filter) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        requests.add(() -> {
            begin(new Filter(container, 0, filter));
            done.complete(null);
        });
        done.join();
    }

    // -------- the thread

    private void run() {
        threadId.complete(Processes.ownThread());
        try {
            while (!requests.hasEnded()) {
                epoll.await(connecting == 0 ? -1 : millisToLook(), this::dispatch);
                requests.run();
                if (connecting > 0 && lookNanos - System.nanoTime() <= 0) {
                    look();
                }
            }
        } catch (ErrnoException e) {
            LOG.log(Level.ERROR, "network acceleration ends", e);
        } finally {
            epoll.close();
            requests.close();
            List.copyOf(sources.values()).forEach(Source::close);
            ledger.close();
            loopback.close();
            calls.close();
        }
    }

    private int millisToLook() {
        // not before it
        return (int) TimeUnit.NANOSECONDS.toMillis(Math.max(0, lookNanos - System.nanoTime())) + 1;
    }

    /// Hundreds may sleep: not at each event.
    private void look() {
        lookNanos = System.nanoTime() + TICK_NANOS;
        for (Source s : List.copyOf(sources.values())) {
            if (s instanceof Pending p) {
                p.tick();
                if (sources.containsKey(p.key)) {
                    lookInTime(p.connection);
                }
            }
        }
    }

    private void lookInTime(Connecting c) {
        if (c.deadline().isPresent() && c.deadline().getAsLong() - lookNanos < 0) {
            lookNanos = c.deadline().getAsLong();
        }
    }

    private void dispatch(long key, int events) {
        if (key == EpollRequests.KEY) {
            requests.drain();
            return;
        }
        Source source = sources.get(key);
        if (source != null) {
            try {
                source.ready(events);
            } catch (ErrnoException | KelpException e) {
                LOG.log(Level.WARNING, "network acceleration: {0}", e.getMessage());
                source.failed();
            }
        }
    }

    private long watch(Fd fd, int interest, Source source) throws ErrnoException {
        long key = ++keys;
        epoll.add(fd, interest, key);
        sources.put(key, source);
        return key;
    }

    private void forget(long key, Fd fd) {
        if (sources.remove(key) != null && !requests.hasEnded()) {
            try {
                // a duplicate at the keeper's would keep it registered
                epoll.remove(fd);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "look away from " + fd, e);
            }
        }
    }

    private final class Listening implements Source {
        private final Fd socket;

        Listening(Fd socket) {
            this.socket = socket;
        }

        @Override
        public void ready(int events) throws ErrnoException {
            Fd connection = UnixSockets.accept(socket);
            Incoming incoming = new Incoming(connection);
            incoming.key = watch(connection, Epoll.IN | Epoll.PEER_SHUT, incoming);
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    /// An OCI runtime that sends a filter.
    private final class Incoming implements Source {
        private final Fd connection;
        private final FilterMessage message = new FilterMessage();
        private long key;

        Incoming(Fd connection) {
            this.connection = connection;
        }

        @Override
        public void ready(int events) throws ErrnoException {
            message.read(connection).ifPresent(filter -> {
                begin(filter);
                close();
            });
        }

        @Override
        public void failed() {
            close();
        }

        @Override
        public void close() {
            forget(key, connection);
            message.close();
            connection.close();
        }
    }

    private void begin(Filter filter) {
        long number = ++keys;
        Filtered f = new Filtered(filter.container(), filter.listener(), number);
        try {
            keeper.store(f.name(), filter.listener());
            if (visitors != null) {
                guests.put(f.container, visitors.welcome(f.container, filter.process()));
            }
            f.begin();
        } catch (ErrnoException | RuntimeException e) {
            LOG.log(Level.WARNING, "take a filter of container " + filter.container(), e);
            f.close();
        }
    }

    /// A filter of a container's processes: its first one, and those that `exec` brought, each have their own.
    private final class Filtered implements Source {
        private final String container;
        private final Fd fd;
        private final long number;
        private long key;
        private int connectingHere;

        Filtered(String container, Fd fd, long number) {
            this.container = container;
            this.fd = fd;
            this.number = number;
        }

        String name() {
            return FILTER + container + "/" + number;
        }

        void begin() throws ErrnoException {
            filters.put(number, this);
            SeccompNotify.takeTurns(fd);
            key = watch(fd, Epoll.IN, this);
        }

        /// The container it belongs to is known by now.
        void resume() {
            try {
                key = watch(fd, Epoll.IN, this);
            } catch (ErrnoException e) {
                LOG.log(Level.WARNING, "serve a filter of container " + container, e);
                close();
            }
        }

        @Override
        public void ready(int events) throws ErrnoException {
            if ((events & Epoll.IN) == 0) {
                // EPOLLHUP: the last process with this filter is gone
                close();
                return;
            }
            Guest guest = guests.get(container);
            if (guest == null) {
                forget(key, fd);
                early.computeIfAbsent(container, c -> new ArrayList<>()).add(this);
                return;
            }
            ledger.receive(fd, number).ifPresent(entry -> answer(guest, entry, false));
        }

        void answer(Guest guest, Entry entry, boolean again) {
            Asked asked = new Asked(fd, guest, entry, again);
            current = this;
            boolean answered = true;
            try {
                answered = calls.answer(asked);
            } catch (ErrnoException | RuntimeException e) {
                LOG.log(Level.DEBUG, "a call of container " + container + " is left to the kernel", e);
                leaveToKernel(asked);
            } finally {
                current = null;
                if (answered) {
                    ledger.forget(entry.slot());
                }
            }
        }

        @Override
        public void close() {
            filters.remove(number);
            forget(key, fd);
            if (!requests.hasEnded()) {
                keeper.drop(name());
            }
            fd.close();
            if (visitors != null && filters.values().stream().noneMatch(f -> f.container.equals(container))) {
                guests.remove(container);
                visitors.gone(container);
            }
        }
    }

    /// A program must never hang: whatever went wrong, its call is carried out in its own network.
    private static void leaveToKernel(Asked asked) {
        try {
            SocketCalls.proceed(asked);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "a call that is gone", e);
        }
    }

    private boolean await(Connecting c) throws ErrnoException {
        Filtered filter = Objects.requireNonNull(current);
        if (filter.connectingHere >= CONNECTING_MAX) {
            return false;
        }
        Pending pending = new Pending(filter, c);
        pending.key = watch(c.made(), Epoll.OUT, pending);
        filter.connectingHere++;
        if (connecting++ == 0) {
            lookNanos = System.nanoTime() + TICK_NANOS;
        }
        lookInTime(c);
        return true;
    }

    private interface Ending {
        void run() throws ErrnoException;
    }

    /// A connection whose caller sleeps.
    private final class Pending implements Source {
        private final Filtered filter;
        private final Connecting connection;
        private long key;

        Pending(Filtered filter, Connecting connection) {
            this.filter = filter;
            this.connection = connection;
        }

        @Override
        public void ready(int events) {
            end(() -> calls.connected(connection));
        }

        private void end(Ending ending) {
            if (!filter.fd.isOpen()) {
                close();
                return;
            }
            try {
                ending.run();
            } catch (ErrnoException | RuntimeException e) {
                LOG.log(Level.DEBUG, "a connection that was made is not handed over", e);
                fail();
            } finally {
                close();
            }
        }

        private void fail() {
            try {
                calls.fail(connection);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "a call that is gone", e);
            }
        }

        /// Its caller was interrupted by a signal, or is dead; or has waited enough.
        void tick() {
            Asked asked = connection.asked();
            OptionalLong deadline = connection.deadline();
            if (deadline.isPresent() && deadline.getAsLong() - System.nanoTime() <= 0) {
                end(() -> calls.expired(connection));
            } else if (!filter.fd.isOpen()
                    || !SeccompNotify.waits(
                            asked.listener(), asked.notification().id())) {
                close();
            }
        }

        @Override
        public void close() {
            if (!sources.containsKey(key)) {
                return;
            }
            forget(key, connection.made());
            filter.connectingHere--;
            connecting--;
            if (!requests.hasEnded()) {
                ledger.forget(connection.asked().entry().slot());
            }
            connection.close();
        }
    }

    /// Ends the thread. Calls wait for the next one; filters stay with the keeper.
    @Override
    public void close() {
        requests.end();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
