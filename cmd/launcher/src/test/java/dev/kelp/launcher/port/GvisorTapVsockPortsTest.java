// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Against a double that answers requests in gvproxy's words; the real one is asked by the end-to-end tests.
@Timeout(60)
class GvisorTapVsockPortsTest {
    private static final PortSpec WEB = PortSpec.parse("127.0.0.1:8080:80/tcp");
    private static final PortSpec NAMES = PortSpec.parse("127.0.0.1:5353:53/udp");

    @TempDir
    private Path folder;

    private Gvproxy gvproxy;
    private DriverPorts ports;

    @BeforeEach
    void start() throws IOException {
        Path socket = folder.resolve("control.sock");
        gvproxy = new Gvproxy(socket);
        ports = DriverPorts.ofGvisorTapVsock(socket, Subnet.parseAddress("192.168.127.2"));
    }

    @AfterEach
    void stop() throws IOException {
        gvproxy.close();
    }

    /// Somebody else took it while gvproxy was started anew.
    @Test
    void aPortThatIsLostCanBeRemoved() {
        long lost = ports.add(WEB).id();
        long kept = ports.add(NAMES).id();
        gvproxy.forwarded.clear();
        gvproxy.taken.add("tcp/127.0.0.1:8080");
        ports.restore();
        assertThat(gvproxy.forwarded).containsExactly("udp/127.0.0.1:5353");
        ports.remove(lost);
        assertThat(ports.list()).containsExactly(new PortStatus(kept, NAMES));
        ports.remove(kept);
        assertThat(ports.list()).isEmpty();
        assertThat(gvproxy.forwarded).isEmpty();
    }

    /// A gvproxy that stood still carries out later what it was asked for.
    @Test
    void aRequestThatWasGivenUpIsNotInTheWay() {
        gvproxy.forwarded.add("tcp/127.0.0.1:8080");
        long id = ports.add(WEB).id();
        assertThat(gvproxy.forwarded).containsExactly("tcp/127.0.0.1:8080");
        ports.remove(id);
        assertThat(gvproxy.forwarded).isEmpty();
    }

    @Test
    void aPortOfOursOrOfOthersIsRefused() {
        ports.add(WEB);
        gvproxy.taken.add("udp/127.0.0.1:5353");
        for (PortSpec refused : List.of(PortSpec.parse("127.0.0.1:8080:81/tcp4"), NAMES)) {
            assertThatThrownBy(() -> ports.add(refused))
                    .satisfies(e -> assertThat(((KelpException) e).kind()).isEqualTo(ErrorKind.ALREADY_EXISTS));
        }
        assertThat(gvproxy.forwarded).containsExactly("tcp/127.0.0.1:8080");
        assertThat(ports.list()).hasSize(1);
    }

    private static final class Gvproxy implements AutoCloseable {
        private final Set<String> forwarded = ConcurrentHashMap.newKeySet();

        /// By other programs of the host.
        private final Set<String> taken = ConcurrentHashMap.newKeySet();

        private final ServerSocketChannel server;

        Gvproxy(Path socket) throws IOException {
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon(true).start(this::serve);
        }

        private void serve() {
            while (true) {
                try (SocketChannel client = server.accept()) {
                    String words = carryOut(Channels.newInputStream(client));
                    String status = words.isEmpty() ? "200 OK" : "500 Internal Server Error";
                    client.write(ByteBuffer.wrap(("HTTP/1.0 " + status + "\r\n\r\n" + words).getBytes(UTF_8)));
                } catch (AsynchronousCloseException e) {
                    return;
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }

        private String carryOut(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.read());
            }
            int length = Integer.parseInt(head.toString().replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
            JsonNode wish = OciJson.tree(in.readNBytes(length), "a wish");
            String port =
                    wish.path("protocol").asString() + "/" + wish.path("local").asString();
            if (head.toString().contains("/unexpose ")) {
                return forwarded.remove(port) ? "" : "proxy not found\n";
            }
            if (taken.contains(port)) {
                return "listen: bind: address already in use\n";
            }
            return forwarded.add(port) ? "" : "proxy already running\n";
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
