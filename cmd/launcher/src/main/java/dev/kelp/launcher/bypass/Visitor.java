// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.linux.Fd;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.bypass.BypassPolicy;
import dev.kelp.network.bypass.Guest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A container of any runtime.
final class Visitor implements Guest {
    /// How long networks that were joined meanwhile may go unnoticed.
    private static final long KNOWN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final InetAddress ANY = Subnet.parseAddress("0.0.0.0");
    private static final InetAddress ANY_IPV6 = Subnet.parseAddress("::");

    private final Handler handler;
    private final String container;
    private final int process;
    private final Optional<ProcessHandle> handle;
    private ContainerNetwork network = ContainerNetwork.UNKNOWN;
    private long readNanos = System.nanoTime() - 2 * KNOWN_NANOS;

    Visitor(Handler handler, String container, int process) {
        this.handler = handler;
        this.container = container;
        this.process = process;
        handle = ProcessHandle.of(process);
    }

    int process() {
        return process;
    }

    /// Whether the process is still the one that it was made for.
    boolean isThere() {
        return handle.filter(ProcessHandle::isAlive).isPresent();
    }

    /// As it was when its process was last there.
    synchronized ContainerNetwork network() {
        if (System.nanoTime() - readNanos > KNOWN_NANOS) {
            readNanos = System.nanoTime();
            try {
                network = ContainerNetwork.of(process);
            } catch (IOException e) {
                handler.journal().debug("look at the network of container " + container + ": " + e);
            }
        }
        return network;
    }

    @Override
    public BypassPolicy policy() {
        Wish wish = handler.wish();
        ContainerNetwork now = network();
        List<Subnet> inside = new ArrayList<>(wish.inside());
        if (wish.auto()) {
            inside.addAll(now.subnets());
        }
        // nothing known: better slow than past a network that was to be ignored
        boolean leaves = !wish.auto() || !now.addresses().isEmpty();
        return new BypassPolicy(inside, now.addresses(), leaves, !wish.ignoreBind());
    }

    @Override
    public Optional<InetSocketAddress> shortcut(InetSocketAddress to) {
        boolean own =
                to.getAddress().isLoopbackAddress() || network().addresses().contains(to.getAddress());
        if (own) {
            return handler.published(to);
        }
        boolean near = network().subnets().stream().anyMatch(s -> s.contains(to.getAddress()));
        return near ? handler.neighbours().find(to) : Optional.empty();
    }

    /// In the words that others look for in the log of the program this one replaces.
    @Override
    public void connects(InetSocketAddress to, boolean byHost) {
        Journal journal = handler.journal();
        if (journal.tellsConnections()) {
            String address = to.getAddress().getHostAddress();
            String where = (address.contains(":") ? "[" + address + "]" : address) + ":" + to.getPort();
            journal.connection(
                    byHost
                            ? "bypassed connect socket: the host connects container " + container + " to " + where
                            : "a connection of container " + container + " to " + where
                                    + " is not bypassed: it is left to the container's network");
        }
    }

    @Override
    public Optional<InetSocketAddress> claim(int port, Families families) {
        Wish.HostPort host = handler.wish().ports().get(port);
        if (host == null) {
            return Optional.empty();
        }
        InetAddress address = host.address();
        if (address == null) {
            address = families == Families.IPV4 ? ANY : ANY_IPV6;
        } else if (families != Families.BOTH && (families == Families.IPV4) != (address.getAddress().length == 4)) {
            return Optional.empty();
        }
        return Optional.of(new InetSocketAddress(address, host.port()));
    }

    @Override
    public void bound(int hostPort) {
        handler.claim(container, hostPort);
        handler.journal().debug("container " + container + " has the host's port " + hostPort);
    }

    @Override
    public boolean hasClaimed(int hostPort) {
        return handler.hasClaimed(hostPort);
    }

    @Override
    public void relay(int port, Fd inside, InetSocketAddress host) {
        handler.relay(container, port, inside, host);
    }
}
