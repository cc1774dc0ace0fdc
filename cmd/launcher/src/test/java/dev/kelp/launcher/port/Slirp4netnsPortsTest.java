// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Against a double that answers requests in slirp4netns' words; the real one is asked by the end-to-end tests.
@Timeout(60)
class Slirp4netnsPortsTest {
    private static final PortSpec WEB = PortSpec.parse("127.0.0.1:8080:80/tcp");
    private static final PortSpec NAMES = PortSpec.parse("0.0.0.0:5353:53/udp");

    @TempDir
    private Path folder;

    private Slirp slirp;
    private DriverPorts ports;

    @BeforeEach
    void start() throws IOException {
        Path socket = folder.resolve("control.sock");
        slirp = new Slirp(socket);
        ports = DriverPorts.ofSlirp4netns(socket, Subnet.parseAddress("10.0.2.100"));
    }

    @AfterEach
    void stop() throws IOException {
        slirp.close();
    }

    @Test
    void portsAreLedToTheDeviceAndClosedAgain() {
        long web = ports.add(WEB).id();
        long names = ports.add(NAMES).id();
        assertThat(slirp.forwarded.values()).containsExactly("tcp/127.0.0.1:8080", "udp/0.0.0.0:5353");
        assertThat(slirp.last.path("guest_addr").asString()).isEqualTo("10.0.2.100");
        ports.remove(web);
        assertThat(slirp.forwarded.values()).containsExactly("udp/0.0.0.0:5353");
        assertThat(ports.list()).containsExactly(new PortStatus(names, NAMES));
    }

    /// Numbers begin anew with each process.
    @Test
    void anotherProcessForwardsTheSame() {
        ports.add(NAMES);
        long web = ports.add(WEB).id();
        slirp.forwarded.clear();
        ports.restore();
        assertThat(slirp.forwarded).hasSize(2);
        ports.remove(web);
        assertThat(slirp.forwarded.values()).containsExactly("udp/0.0.0.0:5353");
    }

    @Test
    void aRequestThatWasGivenUpIsNotInTheWay() {
        slirp.forwarded.put(9L, "tcp/127.0.0.1:8080");
        ports.add(WEB);
        assertThat(slirp.forwarded.values()).containsExactly("tcp/127.0.0.1:8080");
        assertThat(slirp.forwarded).doesNotContainKey(9L);
    }

    @Test
    void aPortOfOursIsRefused() {
        ports.add(WEB);
        assertThatThrownBy(() -> ports.add(PortSpec.parse("127.0.0.1:8080:81/tcp4")))
                .isInstanceOf(KelpException.class);
        assertThat(slirp.forwarded).hasSize(1);
        assertThat(ports.list()).hasSize(1);
    }

    private static final class Slirp implements AutoCloseable {
        private final Map<Long, String> forwarded = new ConcurrentSkipListMap<>();
        private final ServerSocketChannel server;
        private volatile JsonNode last = OciJson.tree("{}".getBytes(UTF_8), "nothing");
        private long next = 10;

        Slirp(Path socket) throws IOException {
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon(true).start(this::serve);
        }

        private void serve() {
            while (true) {
                try (SocketChannel client = server.accept()) {
                    JsonNode request =
                            OciJson.tree(Channels.newInputStream(client).readAllBytes(), "a request");
                    JsonNode arguments = request.path("arguments");
                    byte[] answer = OciJson.write(
                            switch (request.path("execute").asString()) {
                                case "add_hostfwd" -> add(arguments);
                                case "list_hostfwd" -> Map.of("entries", entries());
                                default -> remove(arguments.path("id").asLong());
                            });
                    client.write(ByteBuffer.wrap(answer));
                } catch (AsynchronousCloseException e) {
                    return;
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }

        private Map<String, Object> add(JsonNode arguments) {
            last = arguments;
            String port = arguments.path("proto").asString() + "/"
                    + arguments.path("host_addr").asString() + ":"
                    + arguments.path("host_port").asInt();
            if (forwarded.containsValue(port)) {
                return Map.of("error", Map.of("desc", "bad request: add_hostfwd: slirp_add_hostfwd failed"));
            }
            forwarded.put(next, port);
            return Map.of("return", Map.of("id", next++));
        }

        private List<Map<String, Object>> entries() {
            return forwarded.entrySet().stream()
                    .map(e -> {
                        String[] words = e.getValue().split("[/:]");
                        return Map.<String, Object>of(
                                "id",
                                e.getKey(),
                                "proto",
                                words[0],
                                "host_addr",
                                words[1],
                                "host_port",
                                Integer.parseInt(words[2]));
                    })
                    .toList();
        }

        private Map<String, Object> remove(long id) {
            return forwarded.remove(id) == null
                    ? Map.of("error", Map.of("desc", "bad request: remove_hostfwd: bad arguments.id"))
                    : Map.of("return", Map.of());
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
