// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import dev.kelp.network.Bridges;
import dev.kelp.network.Bridges.Endpoint;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.DetachedNamespace;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NameServerKernelTest {
    private static final InetAddress GATEWAY = Subnet.parseAddress("10.4.0.1");
    private volatile List<InetAddress> ownServers = List.of();

    private final Names names = new Names() {
        @Override
        public List<InetAddress> addresses(InetAddress client, String name) {
            return name.equals("web")
                    ? List.of(Subnet.parseAddress("10.4.0.2"), Subnet.parseAddress("10.4.0.3"))
                    : List.of();
        }

        @Override
        public Optional<String> name(InetAddress client, InetAddress address) {
            return address.equals(Subnet.parseAddress("10.4.0.2")) ? Optional.of("web") : Optional.empty();
        }

        @Override
        public List<InetAddress> servers(InetAddress client) {
            return ownServers;
        }

        @Override
        public boolean isContainer(InetAddress server) {
            return server.equals(Subnet.parseAddress("10.4.0.9"));
        }
    };

    private final List<AutoCloseable> opened = new ArrayList<>();
    private Fd container;
    private Fd host;
    private NameServer server;

    @BeforeEach
    void open(@TempDir Path folder) throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        DetachedNamespace detached = keep(DetachedNamespace.create());
        NetworkDefinition network = new NetworkDefinition(
                "0".repeat(64),
                "one",
                "bridge",
                List.of(AddressPool.of(Subnet.parse("10.4.0.0/24"))),
                false,
                1500,
                "kelp0",
                Map.of(),
                Map.of(),
                0);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        ContainerNamespace made = keep(ContainerNamespace.create());
        container = made.fd();
        bridges.connect(
                network, made, new Endpoint("v1", "eth0", List.of(Subnet.parseAddress("10.4.0.9")), null, true));
        Path resolvConf = folder.resolve("resolv.conf");
        Files.writeString(resolvConf, "search example.org\nnameserver 127.0.0.9\n");
        host = keep(ContainerNamespace.create()).fd();
        server = keep(NetworkNamespaces.inside(host, () -> new NameServer(detached, names, resolvConf)));
        server.listen(GATEWAY);
        server.listen(GATEWAY);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable c : opened.reversed()) {
            c.close();
        }
    }

    @Test
    void knownNamesHaveAddressesOfTheFamilyAskedFor() throws IOException {
        ByteBuffer a = askUdp(query(7, "WEB", DnsMessage.A));
        assertThat(a.getShort(0)).isEqualTo((short) 7);
        assertThat(a.getShort(6)).isEqualTo((short) 2);
        assertThat(Arrays.copyOfRange(a.array(), a.limit() - 4, a.limit())).containsExactly(10, 4, 0, 3);
        // a name that exists without an address of this family: no error, no answer
        ByteBuffer aaaa = askUdp(query(8, "web", DnsMessage.AAAA));
        assertThat(aaaa.getShort(2) & 15).isZero();
        assertThat(aaaa.getShort(6)).isZero();
    }

    @Test
    void addressesHaveNames() throws IOException {
        ByteBuffer ptr = askUdp(query(9, "2.0.4.10.in-addr.arpa", DnsMessage.PTR));
        assertThat(ptr.getShort(6)).isEqualTo((short) 1);
        assertThat(new String(ptr.array(), 0, ptr.limit(), StandardCharsets.ISO_8859_1))
                .endsWith("\u0003web\0");
    }

    @Test
    void tcpAnswersToo() throws IOException {
        byte[] question = query(10, "web", DnsMessage.A);
        byte[] answer = NetworkNamespaces.inside(container, () -> {
            try (Socket socket = new Socket(GATEWAY, 53)) {
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                out.writeShort(question.length);
                out.write(question);
                DataInputStream in = new DataInputStream(socket.getInputStream());
                byte[] bytes = new byte[in.readUnsignedShort()];
                in.readFully(bytes);
                return bytes;
            }
        });
        assertThat(ByteBuffer.wrap(answer).getShort(6)).isEqualTo((short) 2);
    }

    @Test
    void whatIsNotKnownIsAskedOfTheHostsServer() throws Exception {
        checkPassedOn(host, "127.0.0.9");
    }

    @Test
    void aContainersOwnServerIsAskedInstead() throws Exception {
        ownServers = List.of(Subnet.parseAddress("127.0.0.8"));
        checkPassedOn(host, "127.0.0.8");
    }

    @Test
    void aServerThatIsAContainerIsAskedFromInside() throws Exception {
        ownServers = List.of(Subnet.parseAddress("10.4.0.9"));
        checkPassedOn(container, "10.4.0.9");
    }

    private void checkPassedOn(Fd where, String server) throws Exception {
        InetAddress upstream = Subnet.parseAddress(server);
        DatagramSocket theirs = keep(NetworkNamespaces.inside(where, () -> new DatagramSocket(53, upstream)));
        Thread answering = Thread.ofPlatform().start(() -> {
            try {
                DatagramPacket p = new DatagramPacket(new byte[512], 512);
                theirs.receive(p);
                // its question back as an answer with a mark in the unused bits of the count
                p.getData()[2] |= (byte) 0x80;
                p.getData()[11] = 42;
                theirs.send(new DatagramPacket(p.getData(), p.getLength(), p.getSocketAddress()));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        ByteBuffer answer = askUdp(query(12, "example.org", DnsMessage.A));
        answering.join();
        assertThat(answer.getShort(0)).isEqualTo((short) 12);
        assertThat(answer.get(11)).isEqualTo((byte) 42);
    }

    @Test
    void garbageIsNoEnd() throws IOException {
        NetworkNamespaces.inside(container, () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (byte[] bytes : List.of(
                        new byte[0], new byte[3], new byte[12], "nonsense nonsense".getBytes(StandardCharsets.UTF_8))) {
                    socket.send(new DatagramPacket(bytes, bytes.length, GATEWAY, 53));
                }
            }
            return true;
        });
        assertThat(askUdp(query(11, "web", DnsMessage.A)).getShort(6)).isEqualTo((short) 2);
    }

    private ByteBuffer askUdp(byte[] question) throws IOException {
        return NetworkNamespaces.inside(container, () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.setSoTimeout(5000);
                socket.send(new DatagramPacket(question, question.length, GATEWAY, 53));
                DatagramPacket p = new DatagramPacket(new byte[512], 512);
                socket.receive(p);
                return ByteBuffer.wrap(p.getData(), 0, p.getLength());
            }
        });
    }

    static byte[] query(int id, String name, int type) {
        ByteBuffer out = ByteBuffer.allocate(300);
        out.putShort((short) id)
                .putShort((short) 0x0100)
                .putShort((short) 1)
                .putShort((short) 0)
                .putInt(0);
        for (String label : name.split("\\.")) {
            out.put((byte) label.length()).put(label.getBytes(StandardCharsets.ISO_8859_1));
        }
        out.put((byte) 0).putShort((short) type).putShort((short) 1);
        return Arrays.copyOf(out.array(), out.position());
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.add(closeable);
        return closeable;
    }
}
