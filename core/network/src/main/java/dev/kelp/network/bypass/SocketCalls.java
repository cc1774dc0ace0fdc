// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.NotifyLedger.Entry;
import dev.kelp.linux.ProcessDescriptors;
import dev.kelp.linux.SeccompNotify;
import dev.kelp.linux.SeccompNotify.Call;
import dev.kelp.linux.SeccompNotify.Notification;
import dev.kelp.linux.SocketAddress;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.SocketOptions.Tcp;
import dev.kelp.linux.SocketOptions.Untouched;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.bypass.Guest.Families;
import dev.kelp.network.bypass.SocketSwitch.Caller;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Decides on calls that wait, and answers them.
///
/// A call that the kernel is told to carry out reads its arguments again, which may be others by then. So that is the
/// answer only for sockets of the container's network; what a socket of the host does is done here, with the copy of
/// the address that was checked.
final class SocketCalls implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SocketCalls.class.getName());
    private static final int ADDRESS_BYTES_MAX = 28;
    private static final int BACKLOG = 4096;
    private static final int AF_UNSPEC = 0;
    private static final InetAddress LOOPBACK = Subnet.parseAddress("127.0.0.1");
    private static final InetAddress LOOPBACK_IPV6 = Subnet.parseAddress("::1");

    private final SocketSwitch switcher = new SocketSwitch();
    private final ProcessDescriptors.Recent recent = new ProcessDescriptors.Recent();
    private final LoopbackGuard loopback;
    private final Waiting waiting;
    private final boolean ownProfile;
    private final long hostNetwork;
    private final Untouched plain;
    private @Nullable Untouched six;

    /// Takes connections that are under way while their callers sleep.
    interface Waiting {
        /// @return false when too many wait already
        boolean add(Connecting connecting) throws ErrnoException;
    }

    /// Made on a thread in the host's network.
    ///
    /// @param ownProfile whether no other calls than [Call] are asked about
    SocketCalls(Waiting waiting, LoopbackGuard loopback, boolean ownProfile) throws ErrnoException {
        this.waiting = waiting;
        this.loopback = loopback;
        this.ownProfile = ownProfile;
        try (Fd here = SocketOptions.tcp(SocketOptions.AF_INET)) {
            hostNetwork = SocketOptions.networkCookie(here);
        }
        plain = new Untouched(SocketOptions.AF_INET);
    }

    /// A machine may be without IPv6.
    private Untouched untouched(int family) throws ErrnoException {
        if (family != SocketOptions.AF_INET6) {
            return plain;
        }
        Untouched present = six;
        if (present == null) {
            present = new Untouched(family);
            six = present;
        }
        return present;
    }

    /// A call that waits.
    ///
    /// @param again it was received by a daemon that ended, and may be done in part
    record Asked(Fd listener, Guest guest, Entry entry, boolean again) {
        Notification notification() {
            return entry.notification();
        }
    }

    /// A connection whose caller sleeps until it is made.
    ///
    /// @param made the socket on its way; `old` itself when the program has it already
    /// @param guarded whether it has the [LoopbackGuard]; one to the loopback gets it when it is connected
    /// @param deadline by [System#nanoTime]; empty: none
    record Connecting(Asked asked, ProcessDescriptors process, Fd old, Fd made, boolean guarded, OptionalLong deadline)
            implements AutoCloseable {
        boolean isSwitched() {
            return old != made;
        }

        @Override
        public void close() {
            made.close();
            old.close();
            process.close();
        }
    }

    /// Answers a call now or, when its connection takes time, later.
    ///
    /// @return whether it was answered, or is gone
    boolean answer(Asked asked) throws ErrnoException {
        Notification n = asked.notification();
        Call call = n.call().orElse(null);
        if (call == null) {
            // of a table nobody knows: what it would do with a socket of the host cannot be told
            return ownProfile ? finish(asked, Errno.ENOSYS) : proceed(asked);
        }
        ProcessDescriptors process = recent.ofThread(n.thread());
        Fd socket = null;
        boolean kept = false;
        try {
            byte[] address = call == Call.LISTEN ? new byte[0] : address(process, n);
            socket = process.take(n.descriptor());
            if (!SeccompNotify.waits(asked.listener(), n.id())) {
                return true;
            }
            Tcp tcp = SocketOptions.tcpOf(socket).orElse(null);
            if (tcp == null) {
                return proceed(asked);
            }
            Subject subject =
                    new Subject(asked, process, socket, tcp, SocketOptions.networkCookie(socket) == hostNetwork);
            boolean answered = decide(call, subject, address);
            kept = !answered;
            return answered;
        } finally {
            if (!kept) {
                process.close();
                if (socket != null) {
                    socket.close();
                }
            }
        }
    }

    private boolean decide(Call call, Subject s, byte[] address) throws ErrnoException {
        try {
            Optional<SocketAddress> to = SocketAddress.read(address);
            if (call == Call.LISTEN) {
                return listen(s);
            }
            if (call == Call.CONNECT && isUnspecified(address)) {
                return dissolve(s, address);
            }
            if (to.isEmpty()) {
                // another family, or none: the next moment it may be another address
                return s.switched() ? finish(s.asked(), Errno.EAFNOSUPPORT) : proceed(s.asked());
            }
            return call == Call.CONNECT ? connect(s, to.get()) : bind(s, to.get(), address);
        } catch (ErrnoException | RuntimeException e) {
            if (e instanceof ErrnoException closed && closed.is(Errno.EBADF)) {
                return finish(s.asked(), Errno.EBADF);
            }
            if (!s.switched()) {
                throw e;
            }
            // the kernel would take a socket of the host wherever the program says
            LOG.log(Level.DEBUG, "a call with a socket of the host is refused", e);
            return finish(s.asked(), Errno.EADDRNOTAVAIL);
        }
    }

    /// A TCP socket that a call is about.
    ///
    /// @param switched it is one of the host's network already
    private record Subject(Asked asked, ProcessDescriptors process, Fd socket, Tcp tcp, boolean switched) {
        int family() {
            return tcp.family();
        }

        Caller caller() {
            return new Caller(asked.listener(), asked.notification().id(), process);
        }
    }

    private static byte[] address(ProcessDescriptors process, Notification n) throws ErrnoException {
        if (n.length() <= 0) {
            return new byte[0];
        }
        return process.memory(n.address(), Math.min(n.length(), ADDRESS_BYTES_MAX));
    }

    private static boolean isUnspecified(byte[] address) {
        return address.length >= 2 && address[0] == AF_UNSPEC && address[1] == AF_UNSPEC;
    }

    static boolean proceed(Asked asked) throws ErrnoException {
        SeccompNotify.proceed(asked.listener(), asked.notification().id());
        return true;
    }

    private static boolean finish(Asked asked, int errno) throws ErrnoException {
        SeccompNotify.finish(asked.listener(), asked.notification().id(), errno);
        return true;
    }

    /// connect(2) with AF_UNSPEC takes a connection apart.
    private static boolean dissolve(Subject s, byte[] address) throws ErrnoException {
        return s.switched() ? finish(s.asked(), SocketOptions.connect(s.socket(), address)) : proceed(s.asked());
    }

    // -------- connect(2)

    private boolean connect(Subject s, SocketAddress to) throws ErrnoException {
        boolean idle = s.tcp().isIdle();
        if (s.switched() && !idle) {
            return connectAgain(s);
        }
        InetSocketAddress asked = new InetSocketAddress(to.address(), to.port());
        Optional<InetSocketAddress> target =
                to.family() == s.family() ? target(s.asked().guest(), asked, to.scope()) : Optional.empty();
        if (target.isEmpty()) {
            s.asked().guest().connects(asked, false);
            return s.switched() ? backInside(s) : proceed(s.asked());
        }
        if (!idle || isPinned(s)) {
            return s.switched() ? finish(s.asked(), Errno.EADDRNOTAVAIL) : proceed(s.asked());
        }
        boolean nonBlocking = SocketOptions.isNonBlocking(s.socket());
        Fd made = SocketOptions.tcpLike(s.socket(), untouched(s.family()), true);
        boolean kept = false;
        try {
            InetSocketAddress way = target.get();
            boolean guarded = !way.getAddress().isLoopbackAddress();
            if (guarded && !loopback.guard(made, way.getAddress())) {
                return s.switched() ? backInside(s) : proceed(s.asked());
            }
            s.asked().guest().connects(asked, true);
            int errno = SocketOptions.connect(made, SocketAddress.write(s.family(), way));
            int outcome = errno == Errno.EINPROGRESS && !(nonBlocking && guarded) ? SocketOptions.outcome(made) : errno;
            if (outcome != errno) {
                // somebody on this machine, who has answered meanwhile; a refusal is told once, and that was here
                errno = nonBlocking && outcome == 0 ? errno : outcome;
            } else if (errno == Errno.EINPROGRESS && !nonBlocking) {
                kept = waiting.add(new Connecting(s.asked(), s.process(), s.socket(), made, guarded, deadline(made)));
                return kept ? false : finish(s.asked(), Errno.EAGAIN);
            } else if (errno == Errno.EINPROGRESS && !guarded) {
                // too many wait for the service: no socket without a guard is handed over, so it is reached inside
                return s.switched() ? backInside(s) : proceed(s.asked());
            }
            if (errno != 0 && errno != Errno.EINPROGRESS) {
                return finish(s.asked(), errno);
            }
            if (!guarded) {
                loopback.guard(made);
            }
            if (!nonBlocking) {
                SocketOptions.setNonBlocking(made, false);
            }
            switcher.replace(s.caller(), s.asked().notification().descriptor(), s.socket(), made);
            return finish(s.asked(), errno);
        } finally {
            if (!kept) {
                made.close();
            }
        }
    }

    private static OptionalLong deadline(Fd socket) throws ErrnoException {
        long timeout = SocketOptions.sendTimeoutNanos(socket);
        return timeout == 0 ? OptionalLong.empty() : OptionalLong.of(System.nanoTime() + timeout);
    }

    private Optional<InetSocketAddress> target(Guest guest, InetSocketAddress to, int scope) throws ErrnoException {
        Optional<InetSocketAddress> shortcut = scope == 0 ? guest.shortcut(to) : Optional.empty();
        if (shortcut.isPresent()) {
            return reachable(shortcut.get());
        }
        return guest.policy().leaves(to.getAddress(), scope) ? Optional.of(to) : Optional.empty();
    }

    /// A service on all of the host's interfaces is reached by its loopback, or where no socket may be connected
    /// with
    /// that, by an address of the host's.
    private Optional<InetSocketAddress> reachable(InetSocketAddress service) throws ErrnoException {
        InetAddress at = service.getAddress();
        if (at.isLoopbackAddress()) {
            return loopback.allowsLoopback() ? Optional.of(service) : Optional.empty();
        }
        if (!at.isAnyLocalAddress()) {
            return Optional.of(service);
        }
        int bytes = at.getAddress().length;
        Optional<InetAddress> way = loopback.allowsLoopback()
                ? Optional.of(bytes == 4 ? LOOPBACK : LOOPBACK_IPV6)
                : loopback.ownAddress(bytes);
        return way.map(a -> new InetSocketAddress(a, service.getPort()));
    }

    /// Whether the program tied the socket to an address or an interface that only its own network has.
    private static boolean isPinned(Subject s) throws ErrnoException {
        return !s.switched()
                && (SocketOptions.isTied(s.socket())
                        || !InetSockets.local(s.socket()).getAddress().isAnyLocalAddress());
    }

    /// [#connected] failed.
    void fail(Connecting c) throws ErrnoException {
        if (c.isSwitched() && SocketOptions.networkCookie(c.old()) != hostNetwork) {
            proceed(c.asked());
        } else {
            finish(c.asked(), Errno.EADDRNOTAVAIL);
        }
    }

    /// A connection that was made is answered, at last.
    void connected(Connecting c) throws ErrnoException {
        int errno = InetSockets.error(c.made());
        finish(c.asked(), errno == 0 && !hand(c) ? Errno.EBADF : errno);
    }

    /// The time is over that the program gives a connection: it goes on, and the program looks for itself.
    void expired(Connecting c) throws ErrnoException {
        if (!c.guarded()) {
            // without its connection it cannot get the guard
            fail(c);
            return;
        }
        int errno = c.isSwitched() ? Errno.EINPROGRESS : Errno.EALREADY;
        finish(c.asked(), hand(c) ? errno : Errno.EBADF);
    }

    /// @return false: the program has closed its descriptor meanwhile
    private boolean hand(Connecting c) throws ErrnoException {
        if (!c.isSwitched()) {
            return true;
        }
        if (!c.guarded()) {
            loopback.guard(c.made());
        }
        SocketOptions.setNonBlocking(c.made(), false);
        Notification n = c.asked().notification();
        try {
            switcher.replace(new Caller(c.asked().listener(), n.id(), c.process()), n.descriptor(), c.old(), c.made());
            return true;
        } catch (ErrnoException e) {
            if (!e.is(Errno.EBADF)) {
                throw e;
            }
            return false;
        }
    }

    /// A socket of the host that connects already, or did: what another connect(2) says of it. It is not asked for:
    /// should its connection fail right now, the kernel would begin another one.
    private boolean connectAgain(Subject s) throws ErrnoException {
        boolean nonBlocking = SocketOptions.isNonBlocking(s.socket());
        if (s.tcp().isConnecting()) {
            if (s.asked().again() && nonBlocking) {
                return finish(s.asked(), Errno.EINPROGRESS);
            }
            if (nonBlocking) {
                return finish(s.asked(), Errno.EALREADY);
            }
            Fd same = s.socket();
            return !waiting.add(new Connecting(s.asked(), s.process(), same, same, true, deadline(same)))
                    && finish(s.asked(), Errno.EALREADY);
        }
        if (s.asked().again()) {
            return finish(s.asked(), nonBlocking ? Errno.EINPROGRESS : 0);
        }
        return finish(s.asked(), Errno.EISCONN);
    }

    /// A program that tries addresses one after the other with one socket has come to one that is not the host's.
    private boolean backInside(Subject s) throws ErrnoException {
        try (Fd namespace = s.process().networkNamespace();
                Fd made = InsideSockets.like(namespace, s.socket(), s.family())) {
            if (!switcher.replace(s.caller(), s.asked().notification().descriptor(), s.socket(), made)) {
                return true;
            }
        }
        return proceed(s.asked());
    }

    // -------- bind(2) and listen(2)

    private boolean bind(Subject s, SocketAddress at, byte[] written) throws ErrnoException {
        Guest guest = s.asked().guest();
        if (s.switched()) {
            boolean done = guest.hasClaimed(InetSockets.local(s.socket()).getPort());
            return finish(s.asked(), s.asked().again() && done ? 0 : Errno.EINVAL);
        }
        if (at.port() == 0
                || at.family() != s.family()
                || !guest.policy().serves(at.address())
                || !s.tcp().isIdle()
                || SocketOptions.isTied(s.socket())) {
            return proceed(s.asked());
        }
        Optional<InetSocketAddress> host = guest.claim(at.port(), families(s, at));
        if (host.isEmpty()) {
            return proceed(s.asked());
        }
        boolean nonBlocking = SocketOptions.isNonBlocking(s.socket());
        try (Fd made = SocketOptions.tcpLike(s.socket(), untouched(s.family()), nonBlocking)) {
            loopback.guard(made);
            // beside the socket that reserves the port
            SocketOptions.setReuseAddress(made);
            int errno = bound(made, SocketAddress.write(s.family(), host.get()));
            if (errno != 0) {
                return finish(s.asked(), errno);
            }
            if (switcher.replace(s.caller(), s.asked().notification().descriptor(), s.socket(), made)) {
                guest.bound(host.get().getPort());
                serveInside(s, at.port(), written, host.get());
            }
            return finish(s.asked(), 0);
        }
    }

    private static Families families(Subject s, SocketAddress at) throws ErrnoException {
        if (s.family() == SocketOptions.AF_INET || at.address().getAddress().length == 4) {
            return Families.IPV4;
        }
        return SocketOptions.isIpv6Only(s.socket()) || !at.address().isAnyLocalAddress()
                ? Families.IPV6
                : Families.BOTH;
    }

    private static int bound(Fd socket, byte[] address) {
        try {
            SocketOptions.bind(socket, address);
            return 0;
        } catch (ErrnoException e) {
            return e.errno();
        }
    }

    /// The program's own socket serves its neighbours. One of an earlier start of the service may do so still.
    private static void serveInside(Subject s, int port, byte[] written, InetSocketAddress host) {
        try {
            SocketOptions.bind(s.socket(), written);
            SocketOptions.listen(s.socket(), BACKLOG);
            // the program has it no more; whoever relays takes what there is and does not wait
            SocketOptions.setNonBlocking(s.socket(), true);
            s.asked().guest().relay(port, s.socket().duplicate(), host);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "nothing listens inside for port " + port, e);
        }
    }

    /// What the host did not publish is not opened on it: an unbound socket would get a port of the kernel's
    /// choice.
    private static boolean listen(Subject s) throws ErrnoException {
        if (!s.switched()) {
            return proceed(s.asked());
        }
        if (!s.asked().guest().hasClaimed(InetSockets.local(s.socket()).getPort())) {
            return finish(s.asked(), Errno.EACCES);
        }
        try {
            SocketOptions.listen(s.socket(), (int) s.asked().notification().address());
            return finish(s.asked(), 0);
        } catch (ErrnoException e) {
            return finish(s.asked(), e.errno());
        }
    }

    /// Lets go of what is only kept to be quick.
    @Override
    public void close() {
        recent.close();
    }
}
