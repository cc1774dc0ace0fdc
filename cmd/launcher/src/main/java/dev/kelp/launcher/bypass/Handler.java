// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.bypass.Bypass;
import dev.kelp.network.bypass.Visitors;
import dev.kelp.network.port.Listeners.Listener;
import dev.kelp.network.port.PortForwarder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// One socket that filters are sent to, and the containers that came by it.
final class Handler implements Visitors, AutoCloseable {
    private static final InetAddress ANY = Subnet.parseAddress("0.0.0.0");
    private static final InetAddress ANY_IPV6 = Subnet.parseAddress("::");
    private static final InetAddress LOOPBACK = Subnet.parseAddress("127.0.0.1");
    private static final InetAddress LOOPBACK_IPV6 = Subnet.parseAddress("::1");

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int PAUSES_MAX = 1000;

    /// Finds containers of other sockets.
    interface Neighbours {
        Optional<InetSocketAddress> find(InetSocketAddress to);
    }

    private final Wish wish;
    private final Journal journal;
    private final Neighbours neighbours;
    private final Map<String, Visitor> visitors = new HashMap<>();
    private final Map<String, Set<String>> inside = new HashMap<>();
    private final Map<Integer, String> claimed = new HashMap<>();
    private final Path socket;
    private @Nullable PortForwarder relays;
    private @Nullable Bypass bypass;
    private @Nullable Object file;

    private Handler(Wish wish, Path socket, Journal journal, Neighbours neighbours) {
        this.wish = wish;
        this.socket = socket;
        this.journal = journal;
        this.neighbours = neighbours;
    }

    /// Listens; what lies at that path is removed. The journal is closed with it, and when it cannot listen.
    static Handler open(Wish wish, Path socket, Journal journal, Neighbours neighbours) {
        Handler handler = new Handler(wish, socket, journal, neighbours);
        try {
            Files.deleteIfExists(socket);
            handler.bypass = Bypass.open(socket, handler);
            handler.file = key(socket);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            handler.close();
            throw new KelpException(ErrorKind.INTERNAL, "listen on " + socket + ": " + e, e);
        } catch (RuntimeException e) {
            handler.close();
            throw e;
        }
        journal.info("SocketPath: " + socket);
        journal.info("waiting for seccomp file descriptors");
        return handler;
    }

    private static Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /// The kernel's id of the thread that serves this socket.
    int thread() {
        return Objects.requireNonNull(bypass).thread();
    }

    Wish wish() {
        return wish;
    }

    Journal journal() {
        return journal;
    }

    // -------- containers

    @Override
    public synchronized Visitor welcome(String container, int process) {
        Visitor known = visitors.get(container);
        if (known != null && (process <= 0 || known.process() == process || known.isThere())) {
            // one that was begun in the container: its own process is there for longer
            return known;
        }
        journal.info("a filter of container " + container + " came, process " + process);
        Visitor visitor = new Visitor(this, container, process);
        visitors.put(container, visitor);
        return visitor;
    }

    @Override
    public synchronized void gone(String container) {
        journal.info("container " + container + " has ended");
        visitors.remove(container);
        claimed.values().removeIf(container::equals);
        Set<String> names = inside.remove(container);
        if (names != null && relays != null) {
            names.forEach(relays::withdraw);
        }
    }

    /// A service has its published port, for as long as its container is there.
    synchronized void claim(String container, int hostPort) {
        claimed.put(hostPort, container);
    }

    synchronized boolean hasClaimed(int hostPort) {
        return claimed.containsKey(hostPort);
    }

    synchronized void relay(String container, int port, Fd listener, InetSocketAddress host) {
        PortForwarder present = relays;
        if (present == null) {
            present = PortForwarder.here();
            relays = present;
        }
        String name = container + "/" + port + "/" + host;
        try (Fd mine = listener) {
            present.forward(
                    name,
                    List.of(new Listener("tcp", mine, 0)),
                    new PortForwarder.Target(List.of(reached(host)), host.getPort(), false));
            inside.computeIfAbsent(container, c -> new HashSet<>()).add(name);
        } catch (KelpException e) {
            journal.warn("serve port " + port + " of container " + container + " inside: " + e.getMessage());
        }
    }

    private static InetAddress reached(InetSocketAddress host) {
        if (!host.getAddress().isAnyLocalAddress()) {
            return host.getAddress();
        }
        return host.getAddress().getAddress().length == 4 ? LOOPBACK : LOOPBACK_IPV6;
    }

    /// Where the host has a container's published port, once a service listens there.
    Optional<InetSocketAddress> published(InetSocketAddress to) {
        Wish.HostPort host = wish.ignoreBind() ? null : wish.ports().get(to.getPort());
        if (host == null || !hasClaimed(host.port())) {
            return Optional.empty();
        }
        boolean six = to.getAddress().getAddress().length > 4;
        InetAddress address = host.address() != null ? host.address() : six ? ANY_IPV6 : ANY;
        return six == address.getAddress().length > 4
                ? Optional.of(new InetSocketAddress(address, host.port()))
                : Optional.empty();
    }

    /// The same for connections from elsewhere: to an address of a container that is here.
    Optional<InetSocketAddress> publishedAt(InetSocketAddress to) {
        Optional<InetSocketAddress> host = published(to);
        if (host.isEmpty() || to.getAddress().isLoopbackAddress()) {
            return Optional.empty();
        }
        synchronized (this) {
            return host.filter(h -> visitors.values().stream()
                    .anyMatch(v -> v.network().addresses().contains(to.getAddress())));
        }
    }

    Neighbours neighbours() {
        return neighbours;
    }

    /// A thread that has ended for Java is there for the kernel a moment longer.
    private static void awaitEnd(Path thread) {
        for (int i = 0; i < PAUSES_MAX && Files.exists(thread); i++) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /// Ends; the socket's file goes, unless another handler's is there by now.
    @Override
    public void close() {
        Bypass present = bypass;
        if (present != null) {
            present.close();
            awaitEnd(Path.of("/proc/self/task/" + present.thread()));
        }
        PortForwarder forwarder = relays;
        if (forwarder != null) {
            forwarder.close();
        }
        Object own = file;
        try {
            if (own != null && Files.exists(socket, LinkOption.NOFOLLOW_LINKS) && own.equals(key(socket))) {
                Files.deleteIfExists(socket);
            }
        } catch (IOException e) {
            journal.warn("remove " + socket + ": " + e);
        }
        journal.close();
    }
}
