// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The network of a launcher's command, its published ports, `rootlessctl` and the API.
@Tag("e2e")
class LauncherNetworkTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String ALL = "dev.kelp.e2e.Launcher#all";

    /// Answers TCP on port 80 and UDP on 81, and says when it does. With --pidns it ends with the launcher.
    private static final String SERVICE = """
            busybox nc -ll -p 80 -e echo served &
            perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 81, Proto => "udp");
                while ($s->recv($m, 99)) { $s->send($m) }' &
            until grep -q ':0050 ' /proc/net/tcp* && grep -q ':0051 ' /proc/net/udp*; do sleep 0.02; done
            touch $ROOTLESSKIT_STATE_DIR/up; wait
            """;

    private static final int UDP_TRIES = 20;
    private static final int UDP_WAIT_MILLIS = 500;

    @TempDir
    private Path folder;

    @BeforeAll
    static void ordinaryUser() {
        Launcher.requireOrdinaryUser();
    }

    private Path state() {
        return folder.resolve("state");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static String ask(String address, int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getByName(address), port)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
    }

    private static String askUdp(String address, int port) throws IOException {
        byte[] bytes = new byte[16];
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(UDP_WAIT_MILLIS);
            for (int i = 0; i < UDP_TRIES; i++) {
                socket.send(new DatagramPacket("ping".getBytes(), 4, new InetSocketAddress(address, port)));
                DatagramPacket answer = new DatagramPacket(bytes, bytes.length);
                try {
                    socket.receive(answer);
                    return new String(bytes, 0, answer.getLength(), StandardCharsets.US_ASCII);
                } catch (SocketTimeoutException e) {
                    // a datagram may be lost
                }
            }
        }
        return "no answer";
    }

    private static void awaitFile(Path file) {
        Waiting.until(SOON, file + " is there", () -> Files.exists(file), () -> "it is not");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void slirp4netnsIsSetUpAsFlagsSay(Launcher launcher) {
        String script =
                "ip -o -4 addr show; ip -o link show; cat /etc/resolv.conf; ls /sys/class/net; tail -n1 /etc/hosts";
        Outcome plain =
                launcher.shell(script, "--net=slirp4netns", "--copy-up=/etc").succeeded();
        assertThat(plain.out())
                .contains("10.0.2.100/24", "mtu 65520", "tap0", "nameserver 10.0.2.3", "::1 ")
                .doesNotContain("eth0");
        Outcome other = launcher.shell(
                        script,
                        "--net=slirp4netns",
                        "--copy-up=/etc",
                        "--mtu=1500",
                        "--cidr=10.0.9.0/24",
                        "--ifname=up9",
                        "--slirp4netns-sandbox=auto",
                        "--slirp4netns-seccomp=auto")
                .succeeded();
        assertThat(other.out())
                .contains("10.0.9.100/24", "mtu 1500", "up9", "nameserver 10.0.9.3")
                .doesNotContain("tap0");
    }

    @Test
    void pastaNoneAndHost() throws IOException {
        Launcher kelp = Launcher.kelp();
        assertThat(kelp.shell("ip -o link show; ip -o -4 addr show", "--net=pasta", "--copy-up=/etc", "--mtu=1400")
                        .succeeded()
                        .out())
                .contains("tap0", "mtu 1400", "10.0.2.");
        assertThat(kelp.shell("ls /sys/class/net; ip -o link show lo | grep -q LOOPBACK,UP && echo up", "--net=none")
                        .succeeded()
                        .lines())
                .containsExactly("lo", "up");
        assertThat(kelp.shell("readlink /proc/self/ns/net").text())
                .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
    }

    /// A service on the host's loopback interface can be reached by the gateway's address, unless that is
    /// forbidden.
    @ParameterizedTest
    @MethodSource(ALL)
    void theHostsLoopbackIsOpenUnlessForbidden(Launcher launcher) throws IOException {
        try (ServerSocket service = new ServerSocket(0, 9, InetAddress.getByName("127.0.0.1"))) {
            Thread.ofPlatform().daemon().start(() -> serve(service));
            String script = "timeout 1 bash -c 'read x </dev/tcp/10.0.2.2/" + service.getLocalPort() + "; echo $x'";
            assertThat(launcher.shell(script, "--net=slirp4netns").text()).isEqualTo("host");
            assertThat(launcher.shell(script, "--net=slirp4netns", "--disable-host-loopback")
                            .text())
                    .isEmpty();
            if (launcher.isKelp()) {
                assertThat(launcher.shell(script, "--net=pasta").text()).isEqualTo("host");
                assertThat(launcher.shell(script, "--net=pasta", "--disable-host-loopback")
                                .text())
                        .isEmpty();
            }
        }
    }

    private static void serve(ServerSocket service) {
        while (true) {
            try (Socket client = service.accept()) {
                client.getOutputStream().write("host\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                return;
            }
        }
    }

    @Test
    void aDriverThatIsKilledComesBack() {
        try (Launcher.Running running = Launcher.kelp().start(state(), "exec sleep 100", "--net=slirp4netns")) {
            long killed = driver(running).orElseThrow();
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            Waiting.until(
                    SOON,
                    "another slirp4netns",
                    () -> driver(running).filter(pid -> pid != killed).isPresent(),
                    () -> "there is none");
        }
    }

    @Test
    void portsOfSlirp4netnsComeBackWithIt() throws IOException {
        int port = freePort();
        try (Launcher.Running running = Launcher.kelp()
                .start(
                        state(),
                        SERVICE,
                        "--pidns",
                        "--net=slirp4netns",
                        "--port-driver=slirp4netns",
                        "-p",
                        "127.0.0.1:" + port + ":80/tcp")) {
            awaitFile(state().resolve("up"));
            assertThat(ask("127.0.0.1", port)).isEqualTo("served");
            long killed = driver(running).orElseThrow();
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            Waiting.until(
                    SOON,
                    "another slirp4netns",
                    () -> driver(running).filter(pid -> pid != killed).isPresent(),
                    () -> "there is none");
            Waiting.until(SOON, "the port answers again", () -> accepts(port), () -> "it does not");
            assertThat(Launcher.kelp().ask(state(), "list-ports").succeeded().lines())
                    .hasSize(2)
                    .anyMatch(l -> l.startsWith("1 "));
            Launcher.kelp().ask(state(), "remove-ports", "1").succeeded();
            assertThat(accepts(port)).isFalse();
        }
    }

    private static Optional<Long> driver(Launcher.Running running) {
        return running.processes().stream()
                .filter(pid -> {
                    try {
                        return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                                .startsWith("slirp4netns");
                    } catch (IOException e) {
                        // it has ended
                        return false;
                    }
                })
                .findFirst();
    }

    @Test
    void aDetachedNamespaceIsInTheStateDirectory() throws IOException {
        Launcher kelp = Launcher.kelp();
        Outcome seen = kelp.shell(
                "readlink /proc/self/ns/net; nsenter --net=$ROOTLESSKIT_STATE_DIR/netns ip -o -4 addr show;"
                        + " stat -f -c %T $ROOTLESSKIT_STATE_DIR/netns; ls $ROOTLESSKIT_STATE_DIR",
                "--net=slirp4netns", "--detach-netns");
        assertThat(seen.succeeded().lines().getFirst())
                .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
        assertThat(seen.out()).contains("10.0.2.100/24", "nsfs", "resolv.conf", "hosts");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void publishedPortsLeadToTheService(Launcher launcher) throws IOException {
        int tcp = freePort();
        int udp = freePort();
        int later = freePort();
        try (Launcher.Running _ = launcher.start(
                state(),
                SERVICE,
                "--pidns",
                "--net=slirp4netns",
                "--port-driver=builtin",
                "-p",
                "127.0.0.1:" + tcp + ":80/tcp",
                "-p=127.0.0.1:" + udp + ":81/udp")) {
            awaitFile(state().resolve("up"));
            assertThat(ask("127.0.0.1", tcp)).isEqualTo("served");
            assertThat(askUdp("127.0.0.1", udp)).isEqualTo("ping");
            lists(launcher, tcp, udp);
            adds(launcher, later);
            removes(launcher, later);
        }
    }

    /// The output is RootlessKit's to the blank: scripts cut it up.
    private void lists(Launcher launcher, int tcp, int udp) {
        assertThat(launcher.ask(state(), "list-ports").succeeded().lines())
                .startsWith("ID    PROTO    PARENTIP     PARENTPORT    CHILDIP    CHILDPORT    ")
                .containsExactlyInAnyOrder(
                        "ID    PROTO    PARENTIP     PARENTPORT    CHILDIP    CHILDPORT    ",
                        "1     tcp      127.0.0.1    " + column(tcp) + "           80           ",
                        "2     udp      127.0.0.1    " + column(udp) + "           81           ");
        assertThat(launcher.ask(state(), "list-ports", "--json").succeeded().lines())
                .containsExactlyInAnyOrder(
                        "{\"id\":1,\"spec\":{\"proto\":\"tcp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":" + tcp
                                + ",\"childPort\":80}}",
                        "{\"id\":2,\"spec\":{\"proto\":\"udp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":" + udp
                                + ",\"childPort\":81}}");
    }

    private static String column(int port) {
        return String.format("%-14d", port);
    }

    private void adds(Launcher launcher, int port) throws IOException {
        String spec = "127.0.0.1:" + port + ":80/tcp";
        assertThat(launcher.ask(state(), "add-ports", spec).succeeded().text()).isEqualTo("3");
        assertThat(ask("127.0.0.1", port)).isEqualTo("served");
        assertThat(launcher.ask(state(), "add-ports", spec).expect(1).err())
                .startsWith("error: ")
                .contains("conflict with ID 3");
        assertThat(launcher.ask(state(), "add-ports", "--json", "[::1]:" + port + ":[::1]:80/tcp6")
                        .succeeded()
                        .text())
                .isEqualTo("{\"id\":4,\"spec\":{\"proto\":\"tcp6\",\"parentIP\":\"::1\",\"parentPort\":" + port
                        + ",\"childPort\":80,\"childIP\":\"::1\"}}");
        assertThat(ask("::1", port)).isEqualTo("served");
        for (String wrong : List.of("", "xx", "127.0.0.1:1:2/moon", "127.0.0.1:0:80/tcp", "127.0.0.1:99999:80/tcp")) {
            assertThat(launcher.ask(state(), "add-ports", wrong).expect(1).err())
                    .startsWith("error: ");
        }
    }

    private void removes(Launcher launcher, int port) {
        assertThat(launcher.ask(state(), "remove-ports", "3", "4").succeeded().lines())
                .containsExactly("3", "4");
        assertThat(launcher.ask(state(), "remove-ports", "3").expect(1).err()).contains("unknown id: 3");
        assertThat(launcher.ask(state(), "remove-ports").expect(1).err()).contains("no ID specified");
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> ask("127.0.0.1", port))
                .isInstanceOf(IOException.class);
        assertThat(launcher.ask(state(), "list-ports").succeeded().lines()).hasSize(3);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void slirp4netnsPublishesToo(Launcher launcher) throws IOException {
        int port = freePort();
        try (Launcher.Running _ = launcher.start(
                state(),
                SERVICE,
                "--pidns",
                "--net=slirp4netns",
                "--port-driver=slirp4netns",
                "-p",
                "127.0.0.1:" + port + ":80/tcp")) {
            awaitFile(state().resolve("up"));
            assertThat(ask("127.0.0.1", port)).isEqualTo("served");
            assertThat(launcher.ask(state(), "info").succeeded().out()).contains("- Port Driver: slirp4netns\n");
        }
    }

    @Test
    void gvisorTapVsockPublishesToo() throws IOException {
        assumeThat(List.of("/usr/bin", "/usr/local/bin", "/usr/libexec/podman", "/usr/lib/podman"))
                .as("where gvproxy is installed")
                .anyMatch(place -> Files.isExecutable(Path.of(place, "gvproxy")));
        int port = freePort();
        int later = freePort();
        try (Launcher.Running _ = Launcher.kelp()
                .start(
                        state(),
                        SERVICE,
                        "--pidns",
                        "--net=gvisor-tap-vsock",
                        "--port-driver=gvisor-tap-vsock",
                        "-p",
                        "127.0.0.1:" + port + ":80/tcp")) {
            awaitFile(state().resolve("up"));
            assertThat(ask("127.0.0.1", port)).isEqualTo("served");
            Launcher kelp = Launcher.kelp();
            assertThat(kelp.ask(state(), "info").succeeded().out()).contains("- Port Driver: gvisor-tap-vsock\n");
            kelp.ask(state(), "add-ports", "127.0.0.1:" + later + ":80/tcp").succeeded();
            assertThat(ask("127.0.0.1", later)).isEqualTo("served");
            kelp.ask(state(), "remove-ports", "2").succeeded();
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> ask("127.0.0.1", later))
                    .isInstanceOf(IOException.class);
        }
    }

    /// `go install` puts it into a folder of the user's.
    @Test
    void gvproxyIsFoundWhereTheUserHasIt() throws IOException {
        Path own = Files.createDirectories(folder.resolve("own"));
        Path mark = folder.resolve("started");
        Path program = Files.writeString(own.resolve("gvproxy"), "#!/bin/sh\necho \"$*\" >" + mark + "\nexit 7\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        Launcher.kelp()
                .command("--net=gvisor-tap-vsock", "true")
                .environment(Map.of("PATH", own + ":" + System.getenv("PATH")))
                .run()
                .expect(1);
        assertThat(mark).content().contains("-listen-vpnkit");
    }

    /// A user whom root gave a bridge (lxc-usernet(5)).
    @Test
    void lxcUserNicConnectsWithABridgeOfTheHost() throws IOException {
        Path allowed = Path.of("/etc/lxc/lxc-usernet");
        assumeThat(Files.isReadable(allowed)
                        && Files.readString(allowed)
                                .lines()
                                .anyMatch(l -> l.startsWith(System.getProperty("user.name"))))
                .as(allowed + " names this user")
                .isTrue();
        assumeThat(Path.of("/sys/class/net/lxcbr0"))
                .as("the bridge of LXC is up")
                .exists();
        String look = "cd $ROOTLESSKIT_STATE_DIR; (ip -o -4 addr; ip route) >seen; touch up; sleep 1000";
        try (Launcher.Running _ = Launcher.kelp().start(state(), look, "--pidns", "--net=lxc-user-nic")) {
            awaitFile(state().resolve("up"));
            assertThat(Launcher.kelp().ask(state(), "info").succeeded().out()).contains("lxc-user-nic");
            assertThat(state().resolve("seen")).content().contains(" eth0 ", "default via ");
        }
    }

    @Test
    void lxcUserNicThatRefusesIsQuoted() throws IOException {
        Path refuses = Files.writeString(folder.resolve("refuses"), "#!/bin/sh\necho \"no $*\" >&2; exit 1\n");
        assertThat(refuses.toFile().setExecutable(true)).isTrue();
        assertThat(Launcher.kelp()
                        .run(
                                "--net=lxc-user-nic",
                                "--lxc-user-nic-binary=" + refuses,
                                "--lxc-user-nic-bridge=it's",
                                "true")
                        .expect(1)
                        .err())
                .containsPattern("refuses: no create /dev/null kelp \\d+ veth it's eth0")
                .contains("lxc-usernet");
        assertThat(Launcher.kelp()
                        .run("--net=lxc-user-nic", "--lxc-user-nic-binary=/no/such", "true")
                        .expect(1)
                        .err())
                .contains("find /no/such", "apt-get install lxc");
    }

    /// pasta opens by itself what is listened on inside.
    @Test
    void pastaPublishesImplicitly() throws IOException {
        int port = freePort();
        String service = "touch $ROOTLESSKIT_STATE_DIR/up; exec busybox httpd -f -p 0.0.0.0:" + port;
        try (Launcher.Running _ =
                Launcher.kelp().start(state(), service, "--pidns", "--net=pasta", "--port-driver=implicit")) {
            awaitFile(state().resolve("up"));
            Waiting.until(SOON, "the port is open outside", () -> isServed(port), () -> "refused");
        }
    }

    private static boolean isServed(int port) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write("GET /no HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).startsWith("HTTP/1.");
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void infoTellsOfTheDrivers(Launcher launcher) {
        try (Launcher.Running running =
                launcher.start(state(), "exec sleep 60", "--net=slirp4netns", "--port-driver=builtin")) {
            assertThat(launcher.ask(state(), "info").succeeded().lines())
                    .filteredOn(line -> !line.startsWith("- Implementation version: "))
                    .containsExactly(
                            "- REST API version: 1.1.1",
                            "- State Directory: " + state(),
                            "- Child PID: " + running.child(),
                            "- Network Driver: slirp4netns",
                            "  - DNS: [10.0.2.3]",
                            "  - IP: 10.0.2.100",
                            "- Port Driver: builtin",
                            "  - Supported protocols: [tcp tcp4 tcp6 udp udp4 udp6]");
            Outcome json = launcher.ask(state(), "info", "--json").succeeded();
            assertThat(json.lines().stream().filter(line -> !line.contains("\"version\"")))
                    .startsWith("{", "    \"apiVersion\": \"1.1.1\",", "    \"stateDir\": \"" + state() + "\",")
                    .contains("        \"dns\": [", "            \"10.0.2.3\"", "        \"childIP\": \"10.0.2.100\"");
        }
        Outcome gone = launcher.ask(state(), "info").expect(1);
        assertThat(gone.err()).startsWith("error: ").contains("api.sock");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void theApiIsHttpOnASocket(Launcher launcher) throws IOException {
        int port = freePort();
        try (Launcher.Running running =
                launcher.start(state(), SERVICE, "--pidns", "--net=slirp4netns", "--port-driver=builtin")) {
            awaitFile(state().resolve("up"));
            JsonNode info = json(request("GET /v1/info", ""), "200 OK");
            assertThat(info.path("childPID").asLong()).isEqualTo(running.child());
            assertThat(info.path("portDriver").path("driver").asString()).isEqualTo("builtin");
            assertThat(info.path("portDriver").has("disallowLoopbackChildIP")).isFalse();
            assertThat(json(request("GET /v1/ports", ""), "200 OK").isEmpty()).isTrue();
            String spec = "{\"proto\":\"tcp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":" + port + ",\"childPort\":80}";
            assertThat(json(request("POST /v1/ports", spec), "201 Created").toString())
                    .isEqualTo("{\"id\":1,\"spec\":" + spec + "}");
            assertThat(ask("127.0.0.1", port)).isEqualTo("served");
            assertThat(json(request("POST /v1/ports", spec), "400 Bad Request")
                            .path("message")
                            .asString())
                    .contains("conflict with ID 1");
            assertThat(request("DELETE /v1/ports/1", "")).startsWith("HTTP/1.1 200 OK\r\n");
            assertThat(request("DELETE /v1/ports/1", "")).startsWith("HTTP/1.1 400 ");
            assertThat(request("GET /v1/nothing", "")).startsWith("HTTP/1.1 404 ");
            assertThat(request("PUT /v1/ports", "")).startsWith("HTTP/1.1 405 ");
            assertThat(request("POST /v1/ports", "{")).startsWith("HTTP/1.1 400 ");
        }
    }

    private String request(String what, String body) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(state().resolve("api.sock")))) {
            String text = what + " HTTP/1.1\r\nHost: rootlesskit\r\nConnection: close\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body;
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static JsonNode json(String answer, String status) {
        assertThat(answer).startsWith("HTTP/1.1 " + status + "\r\n");
        assertThat(status.startsWith("4") || answer.contains("Content-Type: application/json"))
                .as(answer)
                .isTrue();
        return JsonMapper.shared().readTree(answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }

    @Test
    void aServiceSeesItsClientsAddress() throws IOException {
        String address = Program.of("hostname", "-I").run().text().split(" ")[0];
        int port = freePort();
        // the client's address is said by the service: nc's own environment has it
        String service = "busybox nc -ll -p 80 -e sh -c 'cat /proc/net/tcp' & touch $ROOTLESSKIT_STATE_DIR/up; wait";
        try (Launcher.Running _ = Launcher.kelp()
                .start(
                        state(),
                        service,
                        "--pidns",
                        "--net=slirp4netns",
                        "--port-driver=builtin",
                        "-p",
                        "0.0.0.0:" + port + ":80/tcp")) {
            awaitFile(state().resolve("up"));
            Waiting.until(SOON, "the service listens", () -> accepts(port), () -> "no");
            byte[] a = InetAddress.getByName(address).getAddress();
            String hex = String.format("%02X%02X%02X%02X", a[3], a[2], a[1], a[0]);
            assertThat(ask(address, port)).contains(" " + hex + ":");
        }
    }

    private static boolean accepts(int port) {
        try {
            return !ask("127.0.0.1", port).isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--net=slirp4netns --slirp4netns-binary=/no/slirp | find /no/slirp | slirp4netns",
                "--net=pasta --pasta-binary=no-pasta | find no-pasta | passt",
                "--net=vpnkit | find vpnkit | github.com/moby/vpnkit",
                "--net=lxc-user-nic --lxc-user-nic-binary=no-lxc | find no-lxc | apt-get install lxc",
                "--net=moon | moon | ",
                "--net=slirp4netns --port-driver=builtin -p 127.0.0.1:USED:80/tcp | USED | in use",
                "--net=slirp4netns --port-driver=builtin -p 127.0.0.1:7:80/tcp | 7 | ip_unprivileged_port_start",
                "--port-driver=builtin | builtin | host",
                "--net=none -p 127.0.0.1:8080:80/tcp | publish | ",
            })
    void whatCannotBeIsSaid(String line) throws IOException {
        try (ServerSocket used = new ServerSocket(0, 9, InetAddress.getByName("127.0.0.1"))) {
            String[] parts = line.replace("USED", Integer.toString(used.getLocalPort()))
                    .concat(" ")
                    .split("\\|");
            String[] words = (parts[0].strip() + " true").split(" ");
            Outcome refused = Launcher.kelp().run(words).expect(1);
            assertThat(refused.err())
                    .contains("[rootlesskit:parent] error: ")
                    .contains(parts[1].strip())
                    .contains(parts[2].strip())
                    .doesNotContain("Exception");
        }
    }

    /// In a launcher's own mount namespace the device can be hidden.
    @Test
    void aMissingTunDeviceIsSaid() {
        Launcher kelp = Launcher.kelp();
        Outcome refused = kelp.command("sh", "-c", "mount -t tmpfs none /dev/net && exec \"$R\" --net=slirp4netns true")
                .environment(Map.of("R", kelp.folder().resolve("rootlesskit").toString()))
                .run()
                .expect(1);
        assertThat(refused.err()).contains("/dev/net/tun");
    }
}
