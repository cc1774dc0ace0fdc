// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.network.PortMapping;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Who answers whom when datagrams are forwarded.
class UdpForwardKernelTest extends PortForwarderLan {
    /// A client may ask at several of a machine's addresses from one socket, and looks at who answers.
    @ParameterizedTest
    @CsvSource({
        "host, 127.0.0.1, 127.0.0.2, 10.4.0.1",
        "lan, 192.0.2.1, 192.0.2.9, 192.0.2.2",
        "lan, 2001:db8::1, 2001:db8::9, 2001:db8:0:0:0:0:0:2"
    })
    void datagramsAreAnsweredFromTheAddressThatWasAsked(String from, String first, String second, String seen)
            throws Exception {
        try (Published p = publish(new PortMapping("", 0, PORT, 1, "udp"), CONTAINER + " " + CONTAINER_V6);
                DatagramSocket socket =
                        NetworkNamespaces.inside(from.equals("lan") ? lan : host, () -> new DatagramSocket())) {
            socket.setSoTimeout(5000);
            for (String asked : List.of(first, second, first, second)) {
                InetSocketAddress where = new InetSocketAddress(ip(asked), p.port());
                assertThat(ask(socket, where)).isEqualTo(seen);
            }
        }
    }

    /// The service cannot tell one of its published ports from the other; who asked both must be able to.
    @ParameterizedTest
    @CsvSource({"192.0.2.1, 192.0.2.9", "192.0.2.1, 192.0.2.1", "2001:db8::1, 2001:db8::9"})
    void twoPortsOfOneServiceAnswerOneSocketEachForItself(String first, String second) throws Exception {
        InetAddress inside = ip(first.contains(":") ? CONTAINER_V6 : CONTAINER);
        int port = serveWhichPort(inside);
        InetAddress own = ip(first.contains(":") ? "2001:db8::2" : "192.0.2.2");
        try (DatagramSocket socket =
                NetworkNamespaces.inside(lan, () -> new DatagramSocket(new InetSocketAddress(own, 0)))) {
            socket.setSoTimeout(5000);
            String ownPort = String.valueOf(socket.getLocalPort());
            try (Published q = publish(new PortMapping(second, 0, port, 1, "udp"), inside.getHostAddress())) {
                InetSocketAddress other = new InetSocketAddress(ip(second), q.port());
                try (Published p = publish(new PortMapping(first, 0, port, 1, "udp"), inside.getHostAddress())) {
                    InetSocketAddress one = new InetSocketAddress(ip(first), p.port());
                    for (int i = 0; i < 3; i++) {
                        assertThat(ask(socket, one)).isEqualTo(ownPort);
                        assertThat(ask(socket, other)).isNotEqualTo(ownPort);
                    }
                }
            }
            // what was shown can be shown again
            try (Published p = publish(new PortMapping(second, 0, port, 1, "udp"), inside.getHostAddress())) {
                assertThat(ask(socket, new InetSocketAddress(ip(second), p.port())))
                        .isEqualTo(ownPort);
            }
        }
    }

    /// @return the port of a service in the container that tells each client its port
    private int serveWhichPort(InetAddress address) throws IOException {
        DatagramSocket service =
                keep(NetworkNamespaces.inside(container, () -> new DatagramSocket(new InetSocketAddress(address, 0))));
        background(() -> {
            while (true) {
                DatagramPacket p = new DatagramPacket(new byte[64], 64);
                service.receive(p);
                byte[] seen = String.valueOf(p.getPort()).getBytes(UTF_8);
                service.send(new DatagramPacket(seen, seen.length, p.getSocketAddress()));
            }
        });
        return service.getLocalPort();
    }

    /// What is answered, which must come from where it was asked.
    private static String ask(DatagramSocket socket, InetSocketAddress where) throws IOException {
        socket.send(new DatagramPacket(new byte[] {'?'}, 1, where));
        DatagramPacket answer = new DatagramPacket(new byte[64], 64);
        socket.receive(answer);
        assertThat(answer.getSocketAddress()).isEqualTo(where);
        return new String(answer.getData(), 0, answer.getLength(), UTF_8);
    }
}
