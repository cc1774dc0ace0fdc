// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Network acceleration under programs as people run them: servers that block, poll and epoll, and clients of them all.
///
/// A server in an accelerated container names the address at which it was asked: the host's, where its own socket is
/// one of the host's. A client's container has no default route, so that nothing but a socket of the host's gets it
/// out.
@Tag("e2e")
class AcceleratedProgramsTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int SECONDS_MAX = 120;
    private static final String ACCELERATED = "nerdctl/bypass4netns=true";
    private static final Path PROGRAMS =
            Path.of(System.getProperty("kelp.checkout"), "verify/e2e/src/test/resources/programs");
    private static final String JAVA = "/jdk/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 /programs/";
    private static final String POSTGRES = """
            PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH
            initdb -D /tmp/data -A trust -N >/dev/null && echo 'host all all all trust' >>/tmp/data/pg_hba.conf
            exec postgres -D /tmp/data -h '*' -k /tmp -c fsync=off
            """;

    /// The machine's own addresses: an IPv4 one and, where it has one, an IPv6 one.
    private static final List<String> OWN = new ArrayList<>();

    private static KelpCli kelp;

    @BeforeAll
    static void open() throws SocketException {
        assumeTrue(has("nft"), "nft is not installed");
        own(a -> a instanceof Inet4Address);
        own(a -> !(a instanceof Inet4Address));
        assumeTrue(!OWN.isEmpty(), "the machine has no address but those of loopback");
        kelp = new KelpCli();
    }

    private static void own(Predicate<InetAddress> family) throws SocketException {
        NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(family.and(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress()))
                .map(a -> a.getHostAddress().replaceAll("%.*", ""))
                .findFirst()
                .ifPresentOrElse(OWN::add, () -> System.err.println("an address of each family is not there to test"));
    }

    private static boolean has(String program) {
        return Stream.of("/usr/bin", "/usr/sbin", "/bin", "/sbin")
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    @AfterAll
    static void close() {
        if (kelp != null) {
            kelp.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        kelp.removeContainers();
        new Leftovers(kelp).awaitNothing();
    }

    // -------- containers

    private static List<String> run(String... options) {
        List<String> words = new ArrayList<>(List.of("run", "--annotation", ACCELERATED));
        words.addAll(List.of("-v", PROGRAMS + ":/programs:ro", "-v", System.getProperty("java.home") + ":/jdk:ro"));
        words.addAll(List.of(options));
        return words;
    }

    private static Outcome finished(List<String> words, String... more) {
        return kelp.command(Stream.concat(words.stream(), Stream.of(more)).toArray(String[]::new))
                .timeoutSeconds(SECONDS_MAX)
                .run();
    }

    /// Starts a server that publishes its port.
    ///
    /// @return the host's port
    private static int serve(String name, int port, String script) {
        finished(run("-d", "--name", name, "-p", Integer.toString(port), "--rootfs", "/"), "sh", "-c", script)
                .succeeded();
        return published(name);
    }

    private static int published(String name) {
        String line = kelp.run("port", name).succeeded().lines().getFirst();
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    /// A command in a container whose only way out are sockets of the host.
    private static String client(String script) {
        String alone = "ip route del default; " + script;
        return finished(run("--rm", "--cap-add", "NET_ADMIN", "--rootfs", "/"), "sh", "-c", alone)
                .succeeded()
                .out();
    }

    /// The machine's own addresses with a port, as URLs have them.
    private static List<String> own(int port) {
        return OWN.stream().map(a -> at(a, port)).toList();
    }

    private static String at(String address, int port) {
        return (address.contains(":") ? "[" + address + "]:" : address + ":") + port;
    }

    /// What a server answers that was asked at these addresses, in order.
    private static String[] answers(List<String> addresses) {
        return addresses.stream().map(a -> "/" + full(a)).toArray(String[]::new);
    }

    /// As Java writes IPv6 addresses; some programs leave out their brackets.
    private static String full(String address) {
        try {
            int port = address.lastIndexOf(':');
            InetAddress parsed = InetAddress.getByName(address.substring(0, port));
            return (parsed instanceof Inet4Address ? parsed.getHostAddress() : "[" + parsed.getHostAddress() + "]")
                    + address.substring(port);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(address, e);
        }
    }

    private static List<String> normal(String answers) {
        return answers.lines()
                .map(l -> l.substring(l.lastIndexOf('/') + 1))
                .map(l -> "/" + full(l.contains("[") || l.indexOf(':') == l.lastIndexOf(':') ? l : bracketed(l)))
                .toList();
    }

    private static String bracketed(String address) {
        int port = address.lastIndexOf(':');
        return "[" + address.substring(0, port) + "]" + address.substring(port);
    }

    private static Outcome fromHost(String address) {
        return Program.of("curl", "-sS", "-g", "-m", "10", "http://" + address + "/")
                .run();
    }

    /// Every address of the host leads to the server's own socket.
    private static void answersEverywhere(int port) {
        List<String> addresses = new ArrayList<>(own(port));
        addresses.add(at("127.0.0.1", port));
        if (OWN.stream().anyMatch(a -> a.contains(":"))) {
            addresses.add(at("::1", port));
        }
        for (String address : addresses) {
            // until the server listens, the port is relayed
            Waiting.until(
                    SOON,
                    "the server's own socket answers at " + address,
                    () -> fromHost(address).exitCode() == 0,
                    () -> fromHost(address).toString());
            assertThat(normal(fromHost(address).succeeded().out())).containsExactly(answers(List.of(address)));
        }
    }

    private static void awaitAnswer(String what, Program question, String answer) {
        Waiting.until(
                SOON,
                what,
                () -> question.run().out().contains(answer),
                () -> question.run().toString());
    }

    // -------- servers and clients

    @Test
    void webServersByEpoll() {
        assumeTrue(has("nginx") && has("curl") && has("node"), "nginx, curl or node is not installed");
        int port = serve("nginx", 80, "exec nginx -c /programs/nginx.conf");
        answersEverywhere(port);
        List<String> own = own(port);
        String all = String.join(" ", own);
        assertThat(normal(client("curl -sS -g --fail " + all))).containsExactly(answers(own));
        assertThat(normal(client("for a in " + all + "; do busybox wget -q -O- http://$a/; done")))
                .containsExactly(answers(own));
        assertThat(normal(client("node /programs/ask.js " + all))).containsExactly(answers(own));
        // a master that starts new workers keeps its sockets, and gets more of them with a new configuration
        kelp.run("exec", "nginx", "nginx", "-c", "/programs/nginx.conf", "-s", "reload")
                .succeeded();
        answersEverywhere(port);
    }

    @Test
    void aWebServerWhoseWorkersListenOnTheirOwn() {
        assumeTrue(has("nginx") && has("curl"), "nginx or curl is not installed");
        int port = serve("nginx", 81, "exec nginx -c /programs/nginx.conf");
        answersEverywhere(port);
        assertThat(normal(client("for i in 1 2 3 4 5 6 7 8; do curl -sS -g --fail "
                        + own(port).getFirst() + "; done")))
                .hasSize(8)
                .containsOnly(answers(own(port).subList(0, 1)));
    }

    @Test
    void aJvm() {
        assumeTrue(has("curl"), "curl is not installed");
        finished(
                        run("-d", "--name", "jvm", "-p", "8000-8001", "--rootfs", "/"),
                        "sh",
                        "-c",
                        "exec " + JAVA + "Serve.java 8000 8001")
                .succeeded();
        List<Integer> ports = kelp.run("port", "jvm").succeeded().lines().stream()
                .map(l -> Integer.parseInt(l.substring(l.lastIndexOf(':') + 1)))
                .distinct()
                .toList();
        assertThat(ports).hasSize(2);
        List<String> all = new ArrayList<>();
        for (int port : ports) {
            answersEverywhere(port);
            all.addAll(own(port));
        }
        List<String> answers = client("exec " + JAVA + "Ask.java " + String.join(" ", all))
                .lines()
                .toList();
        assertThat(answers).hasSize(6 * all.size());
        for (int i = 0; i < answers.size(); i++) {
            assertThat(normal(answers.get(i))).as(answers.get(i)).containsExactly(answers(List.of(all.get(i / 6))));
        }
    }

    @Test
    void node() {
        assumeTrue(has("node") && has("curl"), "node or curl is not installed");
        int port = serve("node", 3000, "exec node /programs/serve.js 3000");
        answersEverywhere(port);
        List<String> own = own(port);
        assertThat(normal(client("node /programs/ask.js " + String.join(" ", own))))
                .containsExactly(answers(own));
    }

    private static int redis() {
        assumeTrue(has("redis-server") && has("redis-cli"), "redis is not installed");
        int port = serve("redis", 6379, "exec redis-server --bind '*' '::*' --protected-mode no --save '' --dir /tmp");
        Program ping = Program.of("redis-cli", "-p", Integer.toString(port), "ping");
        awaitAnswer("redis answers", ping, "PONG");
        return port;
    }

    @Test
    void redisIsAskedFromInsideAndOutside() {
        int port = redis();
        for (String own : OWN) {
            String list = "redis-cli -h " + own + " -p " + port + " client list | sed 's,.* laddr=,/,; s, .*,,'";
            String[] answer = answers(List.of(at(own, port)));
            assertThat(normal(Program.of("sh", "-c", list).run().succeeded().out()))
                    .contains(answer);
            assertThat(normal(client(list))).contains(answer);
            // many connections at once, each before it is a member of an epoll set and after
            String benchmark = "redis-benchmark -h " + own + " -p " + port + " -q --csv -n 3000 -c 30 -t set,get";
            assertThat(client(benchmark)).contains("\"SET\",", "\"GET\",");
        }
    }

    @Test
    void postgresql() {
        assumeTrue(has("psql") && Files.exists(Path.of("/usr/lib/postgresql")), "postgresql is not installed");
        finished(run("-d", "--name", "postgres", "-u", "postgres", "-p", "5432", "--rootfs", "/"), "sh", "-c", POSTGRES)
                .succeeded();
        int port = published("postgres");
        String sql = "select '/' || host(inet_server_addr()) || ':' || inet_server_port()";
        for (String own : OWN) {
            String ask = "psql -h " + own + " -p " + port + " -U postgres -At postgres -c \"" + sql + "\"";
            awaitAnswer("postgres answers at " + own, Program.of("sh", "-c", ask), Integer.toString(port));
            List<String> answer = List.of(answers(List.of(at(own, port))));
            assertThat(normal(Program.of("sh", "-c", ask).run().succeeded().out()))
                    .isEqualTo(answer);
            assertThat(normal(client(ask))).isEqualTo(answer);
        }
        String rows = "psql -h " + OWN.getFirst() + " -p " + port
                + " -U postgres -At postgres -c \"select count(*) from (select generate_series(1, 100000)) n\"";
        assertThat(client(rows)).isEqualTo("100000\n");
    }

    // -------- trouble

    /// At any moment of a connection a child may come about that has the descriptor too.
    @Test
    void aProgramThatForksMeanwhile(@TempDir Path folder) throws Exception {
        assumeTrue(has("gcc"), "gcc is not installed");
        Program.of(
                        "gcc",
                        "-O1",
                        "-pthread",
                        "-o",
                        folder.resolve("fork").toString(),
                        PROGRAMS.resolve("fork.c").toString())
                .run()
                .succeeded();
        try (ServerSocket greeter = new ServerSocket(0, 4096)) {
            Thread.ofPlatform().daemon().start(() -> greet(greeter));
            String fork = "ip route del default; exec /built/fork " + OWN.getFirst() + " " + greeter.getLocalPort();
            assertThat(finished(
                                    run("--rm", "--cap-add", "NET_ADMIN", "-v", folder + ":/built:ro", "--rootfs", "/"),
                                    "sh",
                                    "-c",
                                    fork + " 300")
                            .succeeded()
                            .text())
                    .isEqualTo("greeted each time");
        }
    }

    private static void greet(ServerSocket greeter) {
        while (!greeter.isClosed()) {
            try (Socket client = greeter.accept()) {
                client.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // whoever came is gone, or the test is over
            }
        }
    }

    /// Streams do not notice; who connects meanwhile waits for the next daemon.
    @Test
    void aKilledDaemonIsNoticedByNobody() {
        int port = redis();
        String redis = " -h " + OWN.getFirst() + " -p " + port + " ";
        // streams that last, and connections that are made all the time
        String load = "ip route del default; (while [ ! -e /tmp/end ]; do redis-cli" + redis
                + "incr connected || echo failed; done) & redis-benchmark" + redis
                + "-q --csv -n 100000000 -c 10 -t get; echo benchmark ended";
        finished(run("-d", "--name", "load", "--cap-add", "NET_ADMIN", "--rootfs", "/"), "sh", "-c", load)
                .succeeded();
        Program count = Program.of("redis-cli", "-p", Integer.toString(port), "get", "connected");
        Program streams = Program.of("sh", "-c", "redis-cli -p " + port + " info commandstats | grep cmdstat_get:");
        for (int kills = 0; kills < 3; kills++) {
            awaitMore("connections are made", count);
            Leftovers.kill(kelp.daemonPid());
            awaitMore("streams go on without a daemon", streams);
            kelp.run("version").succeeded();
        }
        awaitMore("connections are made again", count);
        assertThat(kelp.run("logs", "load").succeeded().lines()).noneMatch(l -> l.contains("failed"));
        assertThat(kelp.run("logs", "load").succeeded().out()).doesNotContain("ended");
    }

    private static void awaitMore(String what, Program number) {
        String before = number.run().out();
        Waiting.until(SOON, what, () -> !number.run().out().equals(before), () -> before);
    }
}
