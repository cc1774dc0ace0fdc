// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.network.Subnet;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// This test stands in for VPNKit, which no distribution has: its protocol, answers to ARP, and nothing more.
@Timeout(20)
class EthernetCableKernelTest {
    private static final InetAddress OWN = Subnet.parseAddress("192.168.65.3");
    private static final InetAddress GATEWAY = Subnet.parseAddress("192.168.65.1");
    private static final byte[] MAC = {2, 'k', 'e', 'l', 'p', 1};
    private static final byte[] GATEWAYS_MAC = {2, 'k', 'e', 'l', 'p', 2};
    private static final int ARP = 0x0806;

    private DetachedNamespace namespace;
    private Fd theirs;
    private Fd ours;
    private DataInputStream in;
    private OutputStream out;

    @BeforeEach
    void open() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
        namespace = DetachedNamespace.createPlain();
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.STREAM);
        ours = pair[0];
        theirs = pair[1];
        in = new DataInputStream(Pipes.input(theirs));
        out = Pipes.output(theirs);
    }

    @AfterEach
    void close() {
        if (namespace != null) {
            theirs.close();
            namespace.close();
        }
    }

    @Test
    void framesGoBothWaysAndTheDeviceGoesWithTheProgram() throws Exception {
        connect(frame -> true);
        assertThat(namespace.links().find("tap0").orElseThrow().mac()).isEqualTo("02:6b:65:6c:70:01");
        send("ping", GATEWAY);
        assertThat(new String(payload(), US_ASCII)).isEqualTo("ping");
        theirs.close();
        while (namespace.links().find("tap0").isPresent()) {
            Thread.sleep(5);
        }
    }

    @Test
    void whatMayNotLeaveDoesNot() throws Exception {
        InetAddress host = Subnet.parseAddress("192.168.65.9");
        connect(frame -> !Frames.isTo(frame, host));
        send("secret", host);
        send("fine", GATEWAY);
        assertThat(new String(payload(), US_ASCII)).isEqualTo("fine");
    }

    @Test
    void anotherProtocolIsNamedAndLeavesNoDevice() throws Exception {
        CompletableFuture<Void> stranger = CompletableFuture.runAsync(() -> {
            try {
                in.readNBytes(49);
                out.write(new byte[49]);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThatThrownBy(() -> EthernetCable.connect(ours, ends(), frame -> true))
                .hasMessage("connect tap0 with its driver: it does not speak VPNKit's protocol");
        stranger.join();
        assertThat(namespace.links().find("tap0")).isEmpty();
    }

    private EthernetCable.Ends ends() {
        return new EthernetCable.Ends(namespace, "tap0", OWN, GATEWAY, 24, 1500);
    }

    private void connect(Predicate<ByteBuffer> passes) {
        CompletableFuture<String> greeted = CompletableFuture.supplyAsync(this::greet);
        EthernetCable.connect(ours, ends(), passes);
        assertThat(greeted.join()).isEqualTo("192.168.65.3");
    }

    /// @return the address that is wished for
    private String greet() {
        try {
            byte[] hello = in.readNBytes(49);
            assertThat(new String(hello, 0, 5, US_ASCII)).isEqualTo("VMN3T");
            out.write(hello);
            ByteBuffer wish = ByteBuffer.wrap(in.readNBytes(41));
            assertThat(wish.get()).isEqualTo((byte) 8);
            byte[] address = {wish.get(40), wish.get(39), wish.get(38), wish.get(37)};
            ByteBuffer grant = ByteBuffer.allocate(258).order(ByteOrder.LITTLE_ENDIAN);
            out.write(grant.put((byte) 1)
                    .putShort((short) 1500)
                    .putShort((short) 1514)
                    .put(MAC)
                    .array());
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void send(String text, InetAddress to) throws IOException {
        NetworkNamespaces.inside(namespace.fd(), () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] data = text.getBytes(US_ASCII);
                socket.send(new DatagramPacket(data, data.length, to, 9));
            }
            return true;
        });
    }

    /// What the next UDP datagram that arrives says; asked for hardware addresses on the way to it, the gateway
    /// answers
    /// for all.
    private byte[] payload() throws IOException {
        while (true) {
            int length = Short.toUnsignedInt(Short.reverseBytes(in.readShort()));
            ByteBuffer frame = ByteBuffer.wrap(in.readNBytes(length));
            int type = Short.toUnsignedInt(frame.getShort(12));
            if (type == ARP) {
                answer(frame);
            } else if (type == 0x0800 && frame.get(23) == 17) {
                byte[] data = new byte[length - 42];
                frame.get(42, data);
                return data;
            }
        }
    }

    private void answer(ByteBuffer question) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(2 + 42);
        frame.putShort(Short.reverseBytes((short) 42));
        frame.put(MAC).put(GATEWAYS_MAC).putShort((short) ARP);
        frame.putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 2);
        frame.put(GATEWAYS_MAC).put(question.slice(38, 4)).put(MAC).put(OWN.getAddress());
        out.write(frame.array());
    }
}
