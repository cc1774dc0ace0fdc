// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The network namespace that holds all networks of an instance. No process lives in it; descriptors keep it.
public final class DetachedNamespace implements AutoCloseable {
    /// The mark of packets for sockets that show a foreign source, and the table that delivers them.
    static final int TRANSPARENT_MARK = 0x4b1;

    private static final int TRANSPARENT_TABLE = 201;

    private final Fd namespace;
    private final Rtnetlink links;

    private DetachedNamespace(Fd namespace, Rtnetlink links) {
        this.namespace = namespace;
        this.links = links;
    }

    /// A new one that forwards between its interfaces.
    public static DetachedNamespace create() {
        try {
            DetachedNamespace made = adopt(NetworkNamespaces.create());
            made.prepare();
            return made;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make the detached network namespace: " + e.getMessage(), e);
        }
    }

    /// A new one for a single command: its loopback interface is up, and nothing is forwarded until somebody inside
    /// wants that.
    public static DetachedNamespace createPlain() {
        try {
            DetachedNamespace made = adopt(NetworkNamespaces.create());
            made.links.setUp(made.links.index("lo"));
            return made;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a network namespace: " + e.getMessage(), e);
        }
    }

    /// Has answers to a socket that shows a client's address come back to it, also when the service listens in this
    /// namespace itself and not behind a bridge. Once; needs nft.
    ///
    /// The mark is the connection's and not the packet's, lest the way out to a container that is reached by
    /// address
    /// translation is taken for a way to the socket.
    public void showClients(HostPrograms programs) {
        try {
            NetworkNamespaces.inside(namespace, () -> {
                sysctl("net/ipv4/tcp_fwmark_accept", "1");
                return true;
            });
            links.deliverMarked(TRANSPARENT_MARK, TRANSPARENT_TABLE, links.index("lo"));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "route marked packets: " + e.getMessage(), e);
        }
        programs.run(this, "nft", "nftables", """
                table inet kelp {
                  chain clients { type filter hook output priority mangle;
                    meta l4proto tcp fib saddr type != local ct mark set %1$d
                  }
                  chain answers { type filter hook prerouting priority mangle;
                    meta l4proto tcp ct mark %1$d meta mark set %1$d
                  }
                }
                """.formatted(TRANSPARENT_MARK), "-f", "-");
    }

    /// The one an earlier daemon made; owns the descriptor.
    public static DetachedNamespace adopt(Fd namespace) {
        try {
            return new DetachedNamespace(namespace, NetworkNamespaces.inside(namespace, Rtnetlink::open));
        } catch (IOException e) {
            namespace.close();
            throw new KelpException(ErrorKind.INTERNAL, "enter the detached network namespace: " + e.getMessage(), e);
        }
    }

    private void prepare() throws IOException {
        int loopback = links.index("lo");
        links.setUp(loopback);
        NetworkNamespaces.inside(namespace, () -> {
            sysctl("net/ipv4/ip_forward", "1");
            sysctl("net/ipv6/conf/all/forwarding", "1");
            // the bridges' own addresses are sure to be free: their first packet need not wait
            sysctl("net/ipv6/conf/default/accept_dad", "0");
            return true;
        });
        try {
            links.deliverMarked(TRANSPARENT_MARK, TRANSPARENT_TABLE, loopback);
        } catch (ErrnoException e) {
            // a kernel without policy routing: services then see the gateway's address instead of the client's
            if (!e.is(Errno.ENOTSUP)) {
                throw e;
            }
        }
    }

    /// Writes below /proc/sys/net of the thread's own namespace. What the kernel was built without is left out.
    private static void sysctl(String name, String value) throws IOException {
        Path file = Path.of("/proc/sys").resolve(name);
        if (Files.exists(file)) {
            Files.writeString(file, value);
        }
    }

    /// Stays this object's; for the holder's store and for [NetworkNamespaces#inside].
    public Fd fd() {
        return namespace;
    }

    /// Its interfaces, addresses and routes.
    Rtnetlink links() {
        return links;
    }

    /// A path to it for programs that the holder starts while this daemon lives.
    String path() {
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + namespace.number();
    }

    @Override
    public void close() {
        links.close();
        namespace.close();
    }
}
