// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.EpollRequests;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Leads published ports into containers. Listening sockets come from [Listeners], are the caller's to keep across
/// daemons, and are duplicated here.
public final class PortForwarder implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(PortForwarder.class.getName());

    private static final String THREAD = "kelp-ports";

    private final Epoll epoll;
    private final EpollRequests requests;
    private final Map<Long, Endpoint> endpoints = new HashMap<>();
    private final Map<String, List<Endpoint>> published = new HashMap<>();
    private final Deque<TcpRelay> busy = new ArrayDeque<>();
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>(Comparator.comparingLong(Alarm::fromStartNanos));
    private final long startNanos = System.nanoTime();
    private final PipePool pipes = new PipePool();
    private final ShownClients shownClients = new ShownClients();
    private final Thread thread;
    private final ByteBuffer datagram;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long keys;

    /// What is registered with epoll; all methods run on the forwarder's thread.
    interface Endpoint {
        /// @param side which of its descriptors
        void ready(int side, int events);

        /// The time of an alarm has come ([#wakeAt]); also after [#close].
        default void alarm(long nowNanos) {}

        void close();
    }

    /// @param fromStartNanos when, counted from this object's making: such numbers can be compared
    private record Alarm(Endpoint endpoint, long fromStartNanos) {}

    public PortForwarder(DetachedNamespace namespace) {
        this(life -> NetworkNamespaces.start(namespace.fd(), THREAD, life));
    }

    /// One that connects in the network of the calling thread.
    public static PortForwarder here() {
        return new PortForwarder(
                life -> Thread.ofPlatform().name(THREAD).daemon(true).start(life));
    }

    private PortForwarder(Function<Runnable, Thread> start) {
        datagram = ByteBuffer.allocateDirect(InetSockets.DATAGRAM_BYTES_MAX);
        try {
            epoll = Epoll.create();
            requests = new EpollRequests(epoll);
        } catch (ErrnoException e) {
            throw e.toKelp("make the port forwarder");
        }
        thread = start.apply(this::run);
    }

    /// Where a published port leads.
    ///
    /// @param addresses the container's, reachable from the detached namespace. A client is led to the first of its
    /// own
    ///     family, and to the next where nobody listens
    /// @param port the one for the first listener; the others follow
    /// @param showsClient whether the service sees the client's address, where it can
    public record Target(List<InetAddress> addresses, int port, boolean showsClient) {
        public Target {
            addresses = List.copyOf(addresses);
        }

        public Target(InetAddress address, int port) {
            this(List.of(address), port, true);
        }

        private Target at(int offset) {
            return new Target(addresses, port + offset, showsClient);
        }

        /// Where to look for the service, one after the other.
        Iterator<InetSocketAddress> ways(InetAddress client) {
            boolean v4 = client instanceof Inet4Address;
            return addresses.stream()
                    .sorted(Comparator.comparing(a -> (a instanceof Inet4Address) != v4))
                    .map(a -> new InetSocketAddress(a, port))
                    .iterator();
        }

        /// The client's address as the service may see it; null when it has no meaning there.
        @Nullable
        InetAddress shown(InetAddress client, InetSocketAddress to) {
            boolean sameFamily = (client instanceof Inet4Address) == (to.getAddress() instanceof Inet4Address);
            boolean meaningless = client.isLoopbackAddress() || client.isLinkLocalAddress();
            return showsClient && sameFamily && !meaningless ? client : null;
        }
    }

    /// Begins to forward. One of that name is replaced.
    ///
    /// @param name for [#withdraw]
    /// @param listeners what [Listeners] made; `listeners.get(i)` leads to its own offset from the target's port
    public void forward(String name, List<Listeners.Listener> listeners, Target target) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        requests.add(() -> {
            try {
                stop(name);
                List<Endpoint> mine = published.computeIfAbsent(name, n -> new java.util.ArrayList<>());
                for (Listeners.Listener l : listeners) {
                    mine.add(listen(l, target.at(l.offset())));
                }
                done.complete(null);
            } catch (ErrnoException e) {
                stop(name);
                done.completeExceptionally(e.toKelp("forward ports of " + name));
            } catch (RuntimeException e) {
                stop(name);
                done.completeExceptionally(e);
            }
        });
        try {
            // the thread may end with the request still in its queue
            CompletableFuture.anyOf(done, ended).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof KelpException k ? k : e;
        }
        if (!done.isDone()) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "forward ports of " + name + ": the forwarder has ended");
        }
    }

    private Endpoint listen(Listeners.Listener listener, Target target) throws ErrnoException {
        Fd socket = listener.socket().duplicate();
        return listener.protocol().equals("udp")
                ? new UdpForward(this, socket, target)
                : new TcpListener(this, socket, target);
    }

    /// Stops forwarding; connections that are open go on until their container ends.
    public void withdraw(String name) {
        requests.add(() -> stop(name));
    }

    private void stop(String name) {
        List<Endpoint> all = published.remove(name);
        if (all != null) {
            all.forEach(Endpoint::close);
        }
    }

    // -------- the forwarder's thread

    private void run() {
        try {
            while (!requests.hasEnded()) {
                epoll.await(busy.isEmpty() ? timeoutMillis() : 0, this::dispatch);
                requests.run();
                for (int n = busy.size(); n > 0; n--) {
                    TcpRelay relay = busy.poll();
                    if (relay != null) {
                        relay.pump();
                    }
                }
                ring();
            }
        } catch (ErrnoException | RuntimeException e) {
            LOG.log(Level.ERROR, "published ports end", e);
        } finally {
            requests.end();
            ended.complete(null);
            List.copyOf(endpoints.values()).forEach(Endpoint::close);
            pipes.close();
            epoll.close();
            requests.close();
        }
    }

    /// Until the next alarm; without end when there is none.
    private int timeoutMillis() {
        Alarm next = alarms.peek();
        if (next == null) {
            return -1;
        }
        long nanos = next.fromStartNanos() - (System.nanoTime() - startNanos);
        return Math.clamp(TimeUnit.NANOSECONDS.toMillis(nanos) + 1, 0, Integer.MAX_VALUE);
    }

    private void dispatch(long key, int events) {
        if (key == EpollRequests.KEY) {
            requests.drain();
            return;
        }
        Endpoint endpoint = endpoints.get(key >> 1);
        if (endpoint == null) {
            return;
        }
        try {
            endpoint.ready((int) key & 1, events);
        } catch (RuntimeException e) {
            // one connection must not end all others
            LOG.log(Level.ERROR, "forward a port", e);
            endpoint.close();
        }
    }

    private void ring() {
        long now = System.nanoTime();
        for (Alarm a = alarms.peek(); a != null && a.fromStartNanos() <= now - startNanos; a = alarms.peek()) {
            alarms.remove();
            a.endpoint().alarm(now);
        }
    }

    /// Has [Endpoint#alarm] called once at that time, or a little later.
    void wakeAt(Endpoint endpoint, long nanos) {
        alarms.add(new Alarm(endpoint, nanos - startNanos));
    }

    /// A key under which [#watch] tells an endpoint's events.
    long register(Endpoint endpoint) {
        keys++;
        endpoints.put(keys, endpoint);
        return keys;
    }

    void watch(long key, Fd fd, int interest) throws ErrnoException {
        watch(key, 0, fd, interest);
    }

    /// One of the two descriptors of an endpoint.
    void watch(long key, int side, Fd fd, int interest) throws ErrnoException {
        epoll.add(fd, interest, key << 1 | side);
    }

    void unregister(long key) {
        endpoints.remove(key);
    }

    /// Has the relay pumped again soon, after others had their turn.
    void again(TcpRelay relay) {
        busy.add(relay);
    }

    PipePool pipes() {
        return pipes;
    }

    ShownClients shownClients() {
        return shownClients;
    }

    /// Memory for one datagram at a time.
    ByteBuffer datagram() {
        return datagram;
    }

    Epoll epoll() {
        return epoll;
    }

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
