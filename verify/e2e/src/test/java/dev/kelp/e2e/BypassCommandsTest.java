// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.PodmanCli;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.TestImages;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `bypass4netns` and `bypass4netnsd` for Podman's containers, which have no network at all but their loopback: what a
/// static busybox reaches, it reaches by sockets of the host.
@Tag("e2e")
class BypassCommandsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String CTRL = "\u0001";

    private static PodmanCli podman;
    private static TestImages images;
    private static Path root;
    private static String address;

    @TempDir
    private Path folder;

    private final List<Program.Running> running = new ArrayList<>();
    private ServerSocket server;

    @BeforeAll
    static void surroundings() throws IOException {
        Launcher.requireOrdinaryUser();
        assumeThat(PodmanCli.available()).as("no Podman here").isTrue();
        address = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .findFirst()
                .orElse("");
        assumeThat(address).as("this machine has no address but its loopback").isNotEmpty();
        podman = new PodmanCli();
        images = new TestImages();
        root = images.busyboxRoot();
    }

    @AfterAll
    static void end() {
        if (podman != null) {
            podman.close();
            images.close();
        }
    }

    /// A server of the host's that says who its client is, on all addresses.
    @BeforeEach
    void serve() throws IOException {
        server = new ServerSocket();
        server.bind(new InetSocketAddress("0.0.0.0", 0));
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    try (Socket client = server.accept()) {
                        client.getOutputStream()
                                .write(("you are " + client.getInetAddress().getHostAddress() + "\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                    }
                }
            } catch (IOException e) {
                // the test is over
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        running.forEach(Program.Running::kill);
        server.close();
    }

    private static String program(String name) {
        return KelpCli.installed().resolve("bin").resolve(name).toString();
    }

    private static void awaitFile(Path file, String content) {
        Waiting.until(
                SOON, file + " appears", () -> Files.exists(file) && read(file).equals(content), () -> "");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Starts the command with its ready-fd; returns when it is.
    private Program.Running start(Path socket, String... flags) {
        Path ready = folder.resolve("ready");
        Program.Running started = Program.of(Stream.concat(
                                Stream.of("sh", "-c", "exec 3>" + ready + "; exec \"$@\"", "sh"),
                                Stream.concat(
                                        Stream.of(program("bypass4netns"), "--socket=" + socket, "--ready-fd=3"),
                                        Stream.of(flags)))
                        .toList())
                .environment(Map.of("XDG_RUNTIME_DIR", folder.toString()))
                .start();
        running.add(started);
        awaitFile(ready, CTRL);
        return started;
    }

    private Path profile(Path socket, String... calls) throws IOException {
        Path profile = folder.resolve("seccomp.json");
        Files.writeString(profile, """
                {"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"%s",
                 "syscalls":[{"names":["%s"],"action":"SCMP_ACT_NOTIFY"}]}
                """.formatted(socket, String.join("\",\"", calls)));
        return profile;
    }

    /// What the program this replaces has its users ask about.
    private static final String[] USUAL = {
        "bind", "close", "connect", "setsockopt", "fcntl", "_exit", "exit_group", "getpeername"
    };

    private static Program container(Path profile, String script) {
        return podman.command(
                "run",
                "--rm",
                "--network=none",
                "--security-opt=seccomp=" + profile,
                "--rootfs",
                root.toString(),
                "sh",
                "-c",
                script);
    }

    @Test
    void connectionsThatLeaveAreTheHostsAndItsLoopbackStaysAway() throws Exception {
        Path socket = folder.resolve("b.sock");
        Program.Running handler = start(socket, "--ignore=127.0.0.0/8,auto", "--ignore", "192.0.2.200/32");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        Outcome outcome = container(
                        profile(socket, USUAL),
                        "nc " + address + " " + server.getLocalPort() + "; nc -w 2 127.0.0.1 " + server.getLocalPort()
                                + "; echo $?; nc -w 2 192.0.2.200 80; echo $?")
                .run();
        assertThat(outcome.lines()).containsExactly("you are " + address, "1", "1");
        ProcessHandle.of(handler.pid()).orElseThrow().destroy();
        // words that scripts look for
        String log = handler.await().err();
        assertThat(log.lines().filter(l -> l.contains("bypassed connect socket")))
                .singleElement()
                .asString()
                .contains("to " + address + ":" + server.getLocalPort());
        assertThat(log.lines().filter(l -> l.contains("is not bypassed"))).hasSize(2);
        assertThat(outcome.err()).contains("Connection refused").contains("Network is unreachable");
    }

    /// Kelp's own engine, too, hands filters to whom a profile names.
    @Test
    void aProfileOfTheUsersOwnIsServedInKelpsContainers() throws Exception {
        Path socket = folder.resolve("b.sock");
        start(socket, "--ignore=127.0.0.0/8,auto");
        String profile = "seccomp=" + profile(socket, USUAL);
        String ask = "nc " + address + " " + server.getLocalPort();
        try (KelpCli kelp = new KelpCli()) {
            List<String> run = List.of("run", "--rm", "--network=none", "--security-opt", profile, "--rootfs");
            Stream<String> first = Stream.concat(run.stream(), Stream.of(root.toString(), "sh", "-c", ask));
            assertThat(kelp.run(first.toArray(String[]::new)).succeeded().lines())
                    .containsExactly("you are " + address);
            Stream<String> both = Stream.of(
                    "run", "--rm", "--network-accel", "--security-opt", profile, "--rootfs", root.toString(), "true");
            Outcome refused = kelp.run(both.toArray(String[]::new));
            assertThat(refused.exitCode()).isEqualTo(125);
            assertThat(refused.err()).contains(socket.toString()).contains("network acceleration");
        }
    }

    @Test
    void aPublishedServiceIsTheHostsAndItsOwnContainersToo() throws Exception {
        Path socket = folder.resolve("b.sock");
        int port = freePort();
        Program.Running handler = start(socket, "-p", port + ":80", "--pid-file=" + folder.resolve("pid"));
        assertThat(read(folder.resolve("pid"))).isEqualTo(Long.toString(handler.pid()));
        Program.Running service = container(
                        profile(socket, "bind", "connect", "listen"),
                        "nc -ll -p 80 -e echo served & until nc 127.0.0.1 80 > /tmp/own; do sleep 0.1; done; wait")
                .start();
        running.add(service);
        Waiting.until(SOON, "the service answers", () -> "served".equals(ask(port)), () -> ask(port));
        awaitFile(root.resolve("tmp/own"), "served\n");
        ProcessHandle.of(handler.pid()).orElseThrow().destroy();
        assertThat(handler.await().exitCode()).isZero();
        assertThat(socket).doesNotExist();
        assertThat(folder.resolve("pid")).doesNotExist();
        podman.command("rm", "-a", "-f", "-t", "0").run();
    }

    /// What `exec` starts has a filter of its own, beside the container's.
    @Test
    void whatIsBegunInAContainerIsServedBesideIt() throws Exception {
        Path socket = folder.resolve("b.sock");
        start(socket, "--ignore=127.0.0.0/8,auto");
        String ask = "nc " + address + " " + server.getLocalPort();
        Path go = root.resolve("tmp/go");
        Path told = root.resolve("tmp/told");
        Files.deleteIfExists(go);
        Files.deleteIfExists(told);
        Program.Running first = podman.command(
                        "run",
                        "--name=served",
                        "--network=none",
                        "--security-opt=seccomp=" + profile(socket, USUAL),
                        "--rootfs",
                        root.toString(),
                        "sh",
                        "-c",
                        ask + " > /tmp/told; until [ -e /tmp/go ]; do sleep 0.1; done; " + ask
                                + " > /tmp/told; sleep 100")
                .start();
        running.add(first);
        awaitFile(told, "you are " + address + "\n");
        for (int i = 0; i < 2; i++) {
            assertThat(podman.command("exec", "served", "sh", "-c", ask)
                            .run()
                            .succeeded()
                            .text())
                    .isEqualTo("you are " + address);
        }
        Files.delete(told);
        Files.writeString(go, "");
        awaitFile(told, "you are " + address + "\n");
        podman.command("rm", "-a", "-f", "-t", "0").run();
    }

    /// Two containers whose interfaces are in one subnet, and lead nowhere.
    @Test
    void containersReachEachOthersPublishedPortsWhereThatIsWanted() throws Exception {
        int port = freePort();
        Program.Running daemon = daemon("--handle-c2c-connections", "--tracer");
        Path api = folder.resolve("bypass4netnsd.sock");
        for (String id : List.of("c1", "c2", "c3")) {
            String ports = id.equals("c1")
                    ? "[{\"protos\":[\"tcp\"],\"parentPort\":%d,\"childPort\":80}]".formatted(port)
                    : "null";
            String own = "\"id\":\"" + id + "\",\"socketPath\":\"" + folder.resolve(id + ".sock") + "\"";
            String subnets = "\"ignoreSubnets\":[\"127.0.0.0/8\",\"auto\"]";
            String spec = "{" + own + ",\"portMapping\":" + ports + "," + subnets + "}";
            assertThat(http(api, "POST /v1/bypass", spec)).startsWith("HTTP/1.1 201");
        }
        running.add(
                neighbour("c1", "10.9.0.1", "exec nc -ll -p 80 -e echo served").start());
        Waiting.until(SOON, "the service answers", () -> "served".equals(ask(port)), () -> ask(port));
        assertThat(neighbour("c2", "10.9.0.2", "nc -w 5 10.9.0.1 80; nc -w 2 10.9.0.1 81; echo $?")
                        .run()
                        .lines())
                .containsExactly("served", "1");
        // of another network
        assertThat(neighbour("c3", "10.8.0.2", "nc -w 2 10.9.0.1 80").run().out())
                .doesNotContain("served");
        ProcessHandle.of(daemon.pid()).orElseThrow().destroy();
        assertThat(daemon.await().exitCode()).isZero();
        podman.command("rm", "-a", "-f", "-t", "0").run();
    }

    private Program neighbour(String id, String own, String script) throws IOException {
        Path profile = folder.resolve(id + ".json");
        Files.move(profile(folder.resolve(id + ".sock"), "bind", "connect", "listen"), profile);
        return podman.command(
                "run",
                "--rm",
                "--network=none",
                "--cap-add=NET_ADMIN",
                "--security-opt=seccomp=" + profile,
                "--rootfs",
                root.toString(),
                "sh",
                "-c",
                "ip link add v0 type bridge && ip addr add " + own + "/24 dev v0 && ip link set v0 up && " + script);
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    private static String ask(int port) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(5000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void theExitDescriptorEndsIt() throws Exception {
        Path socket = folder.resolve("b.sock");
        Outcome outcome = Program.of(
                        "sh",
                        "-c",
                        "true | exec \"$@\" --exit-fd=0",
                        "sh",
                        program("bypass4netns"),
                        "--socket=" + socket,
                        "--log-file=" + folder.resolve("log"))
                .environment(Map.of("XDG_RUNTIME_DIR", folder.toString()))
                .run()
                .succeeded();
        assertThat(outcome.err()).contains("the exit-fd was closed");
        assertThat(folder.resolve("log")).content().contains("SocketPath: " + socket);
        assertThat(socket).doesNotExist();
    }

    @Test
    void theDaemonServesWhomItsApiIsTold() throws Exception {
        Program.Running daemon = daemon();
        Path api = folder.resolve("bypass4netnsd.sock");
        assertThat(http(api, "GET /v1/bypass", "")).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n[]");
        Path socket = folder.resolve("c1.sock");
        Path pid = folder.resolve("c1.pid");
        String spec = """
                {"id":"c1","socketPath":"%s","pidFilePath":"%s","logFilePath":"","portMapping":null,\
                "ignoreSubnets":["127.0.0.0/8","auto"],"ignoreBind":false}""".formatted(socket, pid);
        assertThat(http(api, "POST /v1/bypass", spec))
                .startsWith("HTTP/1.1 201")
                .contains("\"id\":\"c1\"", "\"pid\":" + read(pid) + ",", "\"socketPath\":\"" + socket + "\"");
        // one that signals may be sent to, and that ends with the container
        Path served = Path.of("/proc", Long.toString(daemon.pid()), "task", read(pid));
        assertThat(served).exists();
        assertThat(http(api, "GET /v1/bypass", "")).contains("[{\"id\":\"c1\"");
        assertThat(container(profile(socket, USUAL), "nc " + address + " " + server.getLocalPort())
                        .run()
                        .succeeded()
                        .text())
                .isEqualTo("you are " + address);
        assertThat(http(api, "DELETE /v1/bypass/c1", "")).startsWith("HTTP/1.1 200");
        assertThat(served).doesNotExist();
        assertThat(socket).doesNotExist();
        assertThat(pid).doesNotExist();
        assertThat(http(api, "DELETE /v1/bypass/c1", ""))
                .startsWith("HTTP/1.1 400")
                .endsWith("{\"message\":\"child c1 not found\"}");
        assertThat(http(api, "POST /v1/bypass", "{\"id\":\"c2\",\"ignoreSubnets\":[\"x\"]}"))
                .startsWith("HTTP/1.1 400")
                .contains("not a subnet");
        Path com = folder.resolve("bypass4netnsd-com.sock");
        assertThat(http(com, "GET /v1/ping", "")).endsWith("\r\n\r\n\"pong\"");
        ProcessHandle.of(daemon.pid()).orElseThrow().destroy();
        assertThat(daemon.await().exitCode()).isZero();
        assertThat(api).doesNotExist();
        assertThat(com).doesNotExist();
    }

    /// Returns when it listens.
    private Program.Running daemon(String... flags) {
        Program.Running daemon = Program.of(Stream.concat(Stream.of(program("bypass4netnsd")), Stream.of(flags))
                        .toList())
                .environment(Map.of("XDG_RUNTIME_DIR", folder.toString()))
                .start();
        running.add(daemon);
        Waiting.until(SOON, "the daemon listens", () -> accepts(folder.resolve("bypass4netnsd.sock")), () -> "");
        return daemon;
    }

    /// The socket's file is there a moment before somebody listens.
    private static boolean accepts(Path socket) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static String http(Path socket, String request, String body) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap((request + " HTTP/1.1\r\nHost: bypass4netnsd\r\nContent-Length: "
                            + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.US_ASCII);
        }
    }
}
