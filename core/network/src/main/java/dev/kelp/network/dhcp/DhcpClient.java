// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dhcp;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// Asks for an interface's address. Blocks: platform threads only.
public final class DhcpClient {
    private static final int SERVER_PORT = 67;
    private static final int CLIENT_PORT = 68;
    private static final byte[] NOTHING = new byte[Integer.BYTES];
    private static final byte[] EVERYBODY = {-1, -1, -1, -1};

    /// How long each try waits (RFC 2131, 4.1, and somewhat more impatient): 31 s in all.
    private static final int[] WAITS_SECONDS = {1, 2, 4, 8, 16};

    private final Fd namespace;
    private final byte[] hardware;

    /// @param namespace where the interface is, the only one that leads anywhere; the caller's
    /// @param hardware the interface's address
    public DhcpClient(Fd namespace, byte[] hardware) {
        this.namespace = namespace;
        this.hardware = hardware.clone();
    }

    /// A lease for an interface that has no address yet, but a route for all there are; or for one that has both.
    ///
    /// @throws KelpException UNAVAILABLE when nobody answers
    public DhcpLease acquire() {
        try (DatagramSocket socket = open()) {
            int transaction = ThreadLocalRandom.current().nextInt();
            DhcpMessage offer = exchange(
                    socket,
                    DhcpMessage.question(DhcpMessage.DISCOVER, transaction, hardware, NOTHING, Map.of()),
                    DhcpMessage.address(EVERYBODY),
                    m -> m.transaction() == transaction
                            && m.type() == DhcpMessage.OFFER
                            && server(m).isPresent());
            InetAddress server = server(offer).orElseThrow();
            ByteBuffer request = DhcpMessage.question(
                    DhcpMessage.REQUEST,
                    transaction,
                    hardware,
                    NOTHING,
                    Map.of(
                            DhcpMessage.REQUESTED_ADDRESS, offer.offered(),
                            DhcpMessage.SERVER, server.getAddress()));
            return granted(socket, request, transaction, server, DhcpMessage.address(EVERYBODY));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /// The same address for longer, from the same server.
    ///
    /// @throws KelpException UNAVAILABLE when it does not answer, or wants the address back
    public DhcpLease renew(DhcpLease lease) {
        try (DatagramSocket socket = open()) {
            int transaction = ThreadLocalRandom.current().nextInt();
            ByteBuffer request = DhcpMessage.question(
                    DhcpMessage.REQUEST, transaction, hardware, lease.address().getAddress(), Map.of());
            return granted(socket, request, transaction, lease.server(), lease.server());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private DatagramSocket open() throws IOException {
        DatagramChannel channel = NetworkNamespaces.inside(namespace, () -> {
            DatagramChannel made = DatagramChannel.open(StandardProtocolFamily.INET);
            try {
                made.setOption(StandardSocketOptions.SO_BROADCAST, true);
                return made.bind(new InetSocketAddress(DhcpMessage.address(NOTHING), CLIENT_PORT));
            } catch (IOException e) {
                made.close();
                throw e;
            }
        });
        return channel.socket();
    }

    private static DhcpLease granted(
            DatagramSocket socket, ByteBuffer request, int transaction, InetAddress server, InetAddress to)
            throws IOException {
        DhcpMessage answer = exchange(
                socket,
                request,
                to,
                m -> m.transaction() == transaction && (m.type() == DhcpMessage.ACK || m.type() == DhcpMessage.NAK));
        if (answer.type() == DhcpMessage.NAK
                || ByteBuffer.wrap(answer.offered()).getInt() == 0) {
            throw new IOException(server.getHostAddress() + " refuses");
        }
        return DhcpLease.of(answer, server);
    }

    private static DhcpMessage exchange(
            DatagramSocket socket, ByteBuffer question, InetAddress to, Predicate<DhcpMessage> wanted)
            throws IOException {
        byte[] bytes = new byte[question.remaining()];
        question.get(0, bytes);
        var packet = new DatagramPacket(bytes, bytes.length, to, SERVER_PORT);
        for (int seconds : WAITS_SECONDS) {
            socket.send(packet);
            Optional<DhcpMessage> answer = answer(socket, TimeUnit.SECONDS.toNanos(seconds), wanted);
            if (answer.isPresent()) {
                return answer.get();
            }
        }
        throw new IOException("no answer");
    }

    private static Optional<DhcpMessage> answer(DatagramSocket socket, long nanos, Predicate<DhcpMessage> wanted)
            throws IOException {
        long end = System.nanoTime() + nanos;
        byte[] buffer = new byte[DhcpMessage.BYTES_MAX];
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            socket.setSoTimeout((int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException e) {
                return Optional.empty();
            }
            Optional<DhcpMessage> message = DhcpMessage.answer(ByteBuffer.wrap(buffer, 0, packet.getLength()))
                    .filter(wanted);
            if (message.isPresent()) {
                return message;
            }
        }
        return Optional.empty();
    }

    private static Optional<InetAddress> server(DhcpMessage message) {
        return message.addresses(DhcpMessage.SERVER).stream()
                .filter(Inet4Address.class::isInstance)
                .findFirst();
    }

    private static KelpException failed(IOException e) {
        return new KelpException(ErrorKind.UNAVAILABLE, "ask for an address by DHCP: " + e.getMessage(), e);
    }
}
