// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Link;
import dev.kelp.linux.Rtnetlink.Route;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.dhcp.DhcpClient;
import dev.kelp.network.dhcp.DhcpLease;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// lxc-user-nic(1): one end of a veth pair in the namespace, the other on a bridge of the host, which gives it an
/// address
/// by DHCP. The packets are the kernel's business, so this is the fastest way out.
///
/// It is no [OutboundDriver], for there is no process to look after: a setuid program makes the pair for those whom
/// `/etc/lxc/lxc-usernet` names, and ends. The pair goes with the namespace. All that lasts is the lease, which is
/// renewed until this is closed.
public final class LxcUserNic implements AutoCloseable {
    public static final String NAME = "lxc-user-nic";

    /// What the interface is called unless it is named.
    public static final String DEVICE = "eth0";

    private static final System.Logger LOG = System.getLogger(LxcUserNic.class.getName());

    /// Where distributions have it, which is in no search path.
    private static final List<Path> PLACES = List.of(
            Path.of("/usr/libexec/lxc/lxc-user-nic"),
            Path.of("/usr/lib/x86_64-linux-gnu/lxc/lxc-user-nic"),
            Path.of("/usr/lib/aarch64-linux-gnu/lxc/lxc-user-nic"),
            Path.of("/usr/lib/lxc/lxc-user-nic"),
            Path.of("/usr/libexec/lxc-user-nic"));

    /// It records a container's name and folder; there is none.
    private static final List<String> NOBODY = List.of("/dev/null", "kelp");

    /// Every address there is, in two halves: a default route would be in the way of the one that is granted.
    private static final List<Subnet> HALVES = List.of(Subnet.parse("0.0.0.0/1"), Subnet.parse("128.0.0.0/1"));

    private static final long AGAIN_SECONDS = 30;

    private final DhcpClient client;
    private final @Nullable DhcpLease first;
    private final Thread renewing;

    /// @param first null: it is an earlier daemon's, and is to be asked for again
    private LxcUserNic(DhcpClient client, @Nullable DhcpLease first) {
        this.client = client;
        this.first = first;
        this.renewing = Thread.ofPlatform().name("kelp-dhcp").daemon(true).start(this::renew);
    }

    /// Runs a program with the user's own rights, outside of all user namespaces: only there setuid means root.
    @FunctionalInterface
    public interface Outside {
        /// @throws KelpException with the program's own words when it fails
        void run(List<String> argv);
    }

    /// What is to be connected with what.
    ///
    /// @param bridge of the host
    /// @param device the interface's name inside
    /// @param mtu 0: the bridge's
    public record Wish(Path program, String bridge, String device, int mtu) {}

    /// Its program, where a distribution installs it.
    public static Optional<Path> installed() {
        return PLACES.stream().filter(Files::isExecutable).findFirst();
    }

    /// The interface that an earlier daemon connected, which has its address; empty: there is none.
    public static Optional<LxcUserNic> find(DetachedNamespace namespace, String device) {
        try {
            Optional<Link> link = namespace.links().find(device);
            if (link.isEmpty()
                    || namespace.links().addresses().stream()
                            .noneMatch(a -> a.link() == link.get().index() && a.address() instanceof Inet4Address)) {
                return Optional.empty();
            }
            return Optional.of(new LxcUserNic(client(namespace, link.get()), null));
        } catch (ErrnoException e) {
            throw e.toKelp("look for the interface " + device);
        }
    }

    private static DhcpClient client(DetachedNamespace namespace, Link link) {
        return new DhcpClient(namespace.fd(), HexFormat.ofDelimiter(":").parseHex(link.mac()));
    }

    /// Returns when the interface has its address. One that is there without an address is taken.
    public static LxcUserNic connect(DetachedNamespace namespace, Wish wish, Outside outside) {
        try {
            Rtnetlink links = namespace.links();
            if (links.find(wish.device()).isEmpty()) {
                create(namespace, wish, outside);
            }
            Link link = links.find(wish.device())
                    .orElseThrow(() -> new KelpException(
                            ErrorKind.UNAVAILABLE, wish.program() + " made no interface " + wish.device()));
            if (wish.mtu() != 0) {
                links.setHardware(link.index(), link.mac(), wish.mtu());
            }
            links.setUp(link.index());
            DhcpClient client = client(namespace, link);
            DhcpLease lease = acquire(links, link.index(), client);
            links.addAddress(new Address(link.index(), lease.address(), lease.prefixBits()));
            if (lease.router().isPresent()) {
                links.addRoute(Route.byDefault(lease.router().get(), link.index()));
            }
            return new LxcUserNic(client, lease);
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, "connect with the bridge " + wish.bridge() + ": " + e.getMessage(), e);
        }
    }

    /// It takes a process for a namespace; a thread that is inside while it runs is as good.
    private static void create(DetachedNamespace namespace, Wish wish, Outside outside) throws IOException {
        boolean _ = NetworkNamespaces.inside(namespace.fd(), () -> {
            String thread = Files.readSymbolicLink(Path.of("/proc/thread-self"))
                    .getFileName()
                    .toString();
            try {
                outside.run(List.of(
                        wish.program().toString(),
                        "create",
                        NOBODY.getFirst(),
                        NOBODY.getLast(),
                        thread,
                        "veth",
                        wish.bridge(),
                        wish.device()));
            } catch (KelpException e) {
                throw e.withHint("/etc/lxc/lxc-usernet must have a line for you, as root: echo \"$USER veth "
                        + wish.bridge() + " 10\" >>/etc/lxc/lxc-usernet");
            }
            return true;
        });
    }

    private static DhcpLease acquire(Rtnetlink links, int link, DhcpClient client) throws ErrnoException {
        for (Subnet half : HALVES) {
            links.addRoute(everywhere(half, link));
        }
        try {
            return client.acquire();
        } finally {
            for (Subnet half : HALVES) {
                links.deleteRoute(everywhere(half, link));
            }
        }
    }

    private static Route everywhere(Subnet half, int link) {
        return new Route(half.address(0), half.prefixBits(), null, link, 0);
    }

    private void renew() {
        DhcpLease lease = first;
        long seconds = lease == null ? 0 : lease.seconds() / 2;
        while (true) {
            try {
                Thread.sleep(TimeUnit.SECONDS.toMillis(Math.max(1, seconds)));
                lease = lease == null ? client.acquire() : client.renew(lease);
                seconds = lease.seconds() / 2;
            } catch (InterruptedException e) {
                return;
            } catch (KelpException e) {
                LOG.log(Level.WARNING, "{0}; the address is kept", e.getMessage());
                seconds = AGAIN_SECONDS;
            }
        }
    }

    /// As it was granted at first; a server gives a client the same one for as long as it asks.
    public DhcpLease lease() {
        return Objects.requireNonNull(first, "an earlier daemon's lease");
    }

    /// Ends what renews the lease; the interface goes with its namespace.
    @Override
    public void close() {
        renewing.interrupt();
    }
}
