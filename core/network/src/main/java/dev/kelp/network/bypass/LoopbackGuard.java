// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.SocketOptions.Instruction;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/// Keeps a socket of the host's away from its loopback, whoever connects it. A program of several threads can put such
/// a socket in the place of another one while the kernel carries out a connect(2) that was left to it.
///
/// Where filters are allowed (SO_ATTACH_FILTER), one drops what answers the socket on 127.0.0.0/8 or `::1`, so that no
/// connection comes about; what connects to the socket is let in. It looks at packets from the TCP header on; the
/// network header is below SKF_NET_OFF. A socket that is to reach a published service on the loopback gets it when it
/// is
/// connected, before a program has it.
///
/// Some kernels let nobody but root have filters in the host's network. There a socket that connects is tied to the
/// interface it leaves by (socket(7), SO_BINDTODEVICE), which its program cannot undo: the loopback is another one. A
/// socket that listens on all interfaces cannot be tied.
public final class LoopbackGuard implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LoopbackGuard.class.getName());
    private static final int SKF_NET_OFF = -0x100000;
    private static final int LOAD_WORD = 0x20;
    private static final int LOAD_BYTE = 0x30;
    private static final int AND = 0x54;
    private static final int IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    private static final int SYN_AND_ACK = 0x12;

    private static final List<Instruction> PROGRAM = List.of(
            load(LOAD_BYTE, 13),
            new Instruction(AND, 0, 0, SYN_AND_ACK),
            // only an answer to a connect(2) has both
            new Instruction(IF_EQUAL, 0, 14, SYN_AND_ACK),
            load(LOAD_BYTE, SKF_NET_OFF),
            new Instruction(AND, 0, 0, 0xf0),
            new Instruction(IF_EQUAL, 0, 2, 0x40),
            load(LOAD_BYTE, SKF_NET_OFF + 12),
            new Instruction(IF_EQUAL, 8, 9, 127),
            load(LOAD_WORD, SKF_NET_OFF + 8),
            new Instruction(IF_EQUAL, 0, 7, 0),
            load(LOAD_WORD, SKF_NET_OFF + 12),
            new Instruction(IF_EQUAL, 0, 5, 0),
            load(LOAD_WORD, SKF_NET_OFF + 16),
            new Instruction(IF_EQUAL, 0, 3, 0),
            load(LOAD_WORD, SKF_NET_OFF + 20),
            new Instruction(IF_EQUAL, 0, 1, 1),
            new Instruction(RETURN, 0, 0, 0),
            new Instruction(RETURN, 0, 0, -1));

    /// LOOPBACK_IFINDEX of the kernel: each network has it.
    private static final int LOOPBACK = 1;

    /// How long changed routes may go unnoticed, and how many ways are kept so long.
    private static final long KNOWN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int KNOWN_MAX = 1024;

    private final boolean filters;
    private final Map<InetAddress, Integer> links = new HashMap<>();
    private List<Address> own = List.of();
    private long readNanos;
    private Optional<Rtnetlink> network = Optional.empty();

    /// For sockets of this thread's network.
    ///
    /// @param filters false: sockets are tied, whether filters are allowed or not
    LoopbackGuard(boolean filters) throws ErrnoException {
        this.filters = filters && areFiltersAllowed();
        if (!this.filters) {
            LOG.log(
                    Level.WARNING,
                    "this kernel refuses socket filters: a program in an accelerated container that publishes ports"
                            + " can reach this machine's loopback; the annotation"
                            + " nerdctl/bypass4netns-ignore-bind=true is the safe way");
        }
        forget();
    }

    private static Instruction load(int operation, int from) {
        return new Instruction(operation, 0, 0, from);
    }

    /// Whether a socket of the host's on which a container's program listens is kept away from the host's loopback,
    /// whatever its program does: in this thread's network.
    public static boolean guardsListeners() {
        try {
            return areFiltersAllowed();
        } catch (ErrnoException e) {
            throw e.toKelp("look whether the kernel allows socket filters");
        }
    }

    private static boolean areFiltersAllowed() throws ErrnoException {
        try (Fd probe = SocketOptions.tcp(SocketOptions.AF_INET)) {
            SocketOptions.attachFilterForGood(probe, PROGRAM);
            return true;
        } catch (ErrnoException e) {
            if (!e.is(Errno.EPERM)) {
                throw e;
            }
            return false;
        }
    }

    /// Whether a socket that was connected with the loopback can be guarded.
    boolean allowsLoopback() {
        return filters;
    }

    /// Guards a socket that is to be connected.
    ///
    /// @param to nothing of the loopback's
    /// @return false: it cannot be guarded, and no program may have it
    boolean guard(Fd socket, InetAddress to) throws ErrnoException {
        if (filters) {
            SocketOptions.attachFilterForGood(socket, PROGRAM);
            return true;
        }
        OptionalInt link = linkTo(to);
        if (link.isPresent()) {
            SocketOptions.tie(socket, link.getAsInt());
        }
        return link.isPresent();
    }

    /// Guards a socket that is to listen, or that is connected with the loopback. Where filters are not allowed
    /// this
    /// does nothing: the port is to be reached on all interfaces.
    void guard(Fd socket) throws ErrnoException {
        if (filters) {
            SocketOptions.attachFilterForGood(socket, PROGRAM);
        }
    }

    /// An address of this machine that leads to what is served on all of its interfaces, though not by the
    /// loopback.
    Optional<InetAddress> ownAddress(int addressBytes) throws ErrnoException {
        refresh();
        return own.stream()
                .filter(a -> a.link() != LOOPBACK && !a.address().isLinkLocalAddress())
                .map(Address::address)
                .filter(a -> a.getAddress().length == addressBytes)
                .findFirst();
    }

    private OptionalInt linkTo(InetAddress to) throws ErrnoException {
        refresh();
        Integer known = links.get(to);
        if (known == null) {
            known = look(to);
            if (links.size() < KNOWN_MAX) {
                links.put(to, known);
            }
        }
        return known == LOOPBACK ? OptionalInt.empty() : OptionalInt.of(known);
    }

    private int look(InetAddress to) throws ErrnoException {
        for (Address a : own) {
            // the kernel takes packets to it for ones of its own interface, wherever they come from
            if (a.address().equals(to)) {
                return a.link();
            }
        }
        try {
            return network().linkTo(to);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "no way to " + to, e);
            return LOOPBACK;
        }
    }

    private void refresh() throws ErrnoException {
        if (System.nanoTime() - readNanos > KNOWN_NANOS) {
            links.clear();
            own = network().addresses();
            readNanos = System.nanoTime();
        }
    }

    private void forget() {
        readNanos = System.nanoTime() - 2 * KNOWN_NANOS;
    }

    private Rtnetlink network() throws ErrnoException {
        if (network.isEmpty()) {
            network = Optional.of(Rtnetlink.open());
        }
        return network.get();
    }

    @Override
    public void close() {
        network.ifPresent(Rtnetlink::close);
    }
}
