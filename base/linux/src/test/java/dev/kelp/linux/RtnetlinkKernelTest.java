// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Link;
import dev.kelp.linux.Rtnetlink.Route;
import dev.kelp.linux.Rtnetlink.VethEnd;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RtnetlinkKernelTest {
    private static final String MAC = "02:42:0a:04:00:07";

    private Fd first;
    private Fd second;

    @BeforeEach
    void makeNamespaces() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        first = NetworkNamespaces.create();
        second = NetworkNamespaces.create();
    }

    @AfterEach
    void dropNamespaces() {
        if (first != null) {
            first.close();
            second.close();
        }
    }

    @Test
    void aNewNamespaceHasALoopbackThatIsDown() throws IOException {
        try (Rtnetlink net = in(first)) {
            assertThat(net.links()).extracting(Link::name).containsExactly("lo");
            assertThat(net.links().getFirst().up()).isFalse();
            net.setUp(net.index("lo"));
            assertThat(net.links().getFirst().up()).isTrue();
            assertThat(net.addresses())
                    .extracting(a -> a.address().getHostAddress())
                    .contains("127.0.0.1");
        }
    }

    @Test
    void packetsCrossABridgeAndAVethPair() throws IOException {
        try (Rtnetlink host = in(first);
                Rtnetlink guest = in(second)) {
            host.setUp(host.index("lo"));
            host.addBridge("kelp0", 1500);
            int bridge = host.index("kelp0");
            host.addVeth(new VethEnd("veth1", null), new VethEnd("eth0", MAC), second, 1400);
            host.setMaster(host.index("veth1"), bridge);
            host.setUp(host.index("veth1"));
            host.setUp(bridge);
            host.addAddress(new Address(bridge, ip("10.4.0.1"), 24));
            int eth0 = guest.index("eth0");
            guest.setUp(eth0);
            guest.addAddress(new Address(eth0, ip("10.4.0.7"), 24));
            guest.addRoute(Route.byDefault(ip("10.4.0.1"), eth0));

            assertThat(host.find("kelp0").orElseThrow().kind()).isEqualTo("bridge");
            assertThat(host.find("veth1").orElseThrow().master()).isEqualTo(bridge);
            Link end = guest.find("eth0").orElseThrow();
            assertThat(List.of(end.kind(), end.mac(), "" + end.mtu())).containsExactly("veth", MAC, "1400");
            assertThat(guest.addresses())
                    .contains(new Address(eth0, ip("10.4.0.7"), 24))
                    .doesNotContain(new Address(eth0, ip("10.4.0.1"), 24));

            // a socket opened inside belongs to the namespace and is used from here
            try (ServerSocketChannel server = NetworkNamespaces.inside(
                            second, () -> ServerSocketChannel.open().bind(new InetSocketAddress(ip("10.4.0.7"), 80)));
                    SocketChannel client = NetworkNamespaces.inside(
                            first, () -> SocketChannel.open(new InetSocketAddress(ip("10.4.0.7"), 80)));
                    SocketChannel accepted = server.accept()) {
                client.write(ByteBuffer.wrap("hello".getBytes(StandardCharsets.UTF_8)));
                ByteBuffer got = ByteBuffer.allocate(16);
                accepted.read(got);
                assertThat(new String(got.array(), 0, got.position(), StandardCharsets.UTF_8))
                        .isEqualTo("hello");
                assertThat(((InetSocketAddress) accepted.getRemoteAddress()).getAddress())
                        .isEqualTo(ip("10.4.0.1"));
            }
        }
    }

    @Test
    void removingOneEndRemovesBoth() throws IOException {
        try (Rtnetlink host = in(first);
                Rtnetlink guest = in(second)) {
            host.addVeth(new VethEnd("veth1", null), new VethEnd("eth0", null), second, 1500);
            assertThat(guest.find("eth0")).isPresent();
            host.delete(host.index("veth1"));
            assertThat(guest.find("eth0")).isEmpty();
        }
    }

    @Test
    void ipv6AddressesAreUsableAtOnce() throws IOException {
        try (Rtnetlink host = in(first)) {
            host.addBridge("kelp0", 1500);
            int bridge = host.index("kelp0");
            host.setUp(bridge);
            InetAddress address = ip("fd00:4::1");
            host.addAddress(new Address(bridge, address, 64));
            host.addRoute(new Route(ip("fd00:5::"), 64, ip("fd00:4::2"), bridge, 0));
            assertThat(host.addresses()).contains(new Address(bridge, address, 64));
            NetworkNamespaces.inside(first, () -> ServerSocketChannel.open().bind(new InetSocketAddress(address, 80)))
                    .close();
        }
    }

    @Test
    void aRefusalSaysWhatAndWhy() throws IOException {
        try (Rtnetlink host = in(first)) {
            host.addBridge("kelp0", 1500);
            assertThatThrownBy(() -> host.addBridge("kelp0", 1500))
                    .isInstanceOfSatisfying(
                            ErrnoException.class,
                            e -> assertThat(e.is(Errno.EEXIST)).isTrue())
                    .hasMessageContaining("bridge kelp0");
            assertThatThrownBy(() -> host.index("nothing")).hasMessageContaining("nothing");
            assertThatThrownBy(() -> host.addRoute(Route.byDefault(ip("10.9.0.1"), host.index("kelp0"))))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("default");
            assertThatThrownBy(() -> host.addBridge("a/b", 1500)).isInstanceOf(IllegalArgumentException.class);
            // the socket is in step after a refusal
            assertThat(host.links()).extracting(Link::name).contains("kelp0");
        }
    }

    @Test
    void manyInterfacesNeedSeveralDatagrams() throws IOException {
        int pairs = 150;
        try (Rtnetlink host = in(first)) {
            for (int i = 0; i < pairs; i++) {
                host.addVeth(new VethEnd("veth" + i, null), new VethEnd("peer" + i, null), second, 1500);
            }
            assertThat(host.links()).hasSize(pairs + 1);
        }
    }

    @Test
    void anExceptionInsideComesOut() {
        assertThatThrownBy(() -> NetworkNamespaces.inside(first, () -> {
                    throw new IOException("inside");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("inside");
        assertThatThrownBy(() -> NetworkNamespaces.inside(first, () -> {
                    throw new IllegalStateException("inside");
                }))
                .isInstanceOf(IllegalStateException.class);
    }

    private static Rtnetlink in(Fd namespace) throws IOException {
        return NetworkNamespaces.inside(namespace, Rtnetlink::open);
    }

    private static InetAddress ip(String text) throws IOException {
        return InetAddress.getByName(text);
    }
}
