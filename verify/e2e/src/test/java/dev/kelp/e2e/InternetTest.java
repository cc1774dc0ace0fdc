// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.TestImages;
import dev.kelp.testkit.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a user does first: install a web server from the distribution inside a container, and ask it.
@Tag("e2e")
class InternetTest {
    private static final Duration INSTALLED = Duration.ofMinutes(6);
    private static final String INSTALL = "apt-get -q update"
            + " && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends nginx-light"
            + " && exec nginx -g 'daemon off;'";

    @TempDir
    private static Path folder;

    private static KelpCli kelp;
    private static String debian;
    private static Path sources;

    @BeforeAll
    static void open() {
        assumeTrue(Files.exists(Path.of("/usr/sbin/nft")), "nft is not installed");
        List<String> archives = AptArchive.sources();
        assumeTrue(!archives.isEmpty(), "this machine has no apt sources that are asked by http");
        assumeTrue(TestImages.debian().isPresent(), "there is no Debian image (verify/testkit/debian-image makes it)");
        debian = Engines.registry().push(TestImages.debian().orElseThrow(), "debian:internet");
        kelp = Engines.kelp();
        kelp.run("pull", debian).succeeded();
        String codename = kelp.run("run", "--rm", debian, "sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME")
                .succeeded()
                .text();
        sources = AptArchive.sourcesList(archives, codename, folder);
    }

    @AfterAll
    static void close() {
        if (kelp != null) {
            kelp.close();
        }
    }

    private static List<String> ownAddresses() {
        return Stream.of(Program.of("hostname", "-I").run().text().split(" "))
                .filter(a -> !a.isEmpty())
                .toList();
    }

    private static String log() {
        return kelp.run("exec", "web", "cat", "/var/log/nginx/access.log").out();
    }

    @Test
    void aWebServerIsInstalledAndSeesItsClients() {
        kelp.run("network", "create", "--ipv6", "--subnet", "10.88.40.0/24", "--subnet", "fd00:88:40::/64", "front")
                .succeeded();
        kelp.run("network", "create", "back").succeeded();
        kelp.command(
                        "run",
                        "-d",
                        "--name",
                        "web",
                        "--network",
                        "front",
                        "-p",
                        "80",
                        "-v",
                        sources + ":/etc/apt/sources.list:ro",
                        debian,
                        "sh",
                        "-c",
                        INSTALL)
                .run()
                .succeeded();
        Waiting.until(
                INSTALLED,
                "nginx is installed",
                () -> kelp.run("exec", "web", "test", "-s", "/run/nginx.pid").exitCode() == 0
                        || !kelp.run("inspect", "-f", "{{.State.Status}}", "web")
                                .text()
                                .equals("running"),
                () -> kelp.run("logs", "web").toString());
        Outcome logs = kelp.run("logs", "web");
        assertThat(logs.out()).as(logs::toString).contains("Get:1 http");
        theHostIsSeen();
        neighboursAskByName();
    }

    private static void theHostIsSeen() {
        String line = kelp.run("port", "web", "80").succeeded().lines().getFirst();
        String port = line.substring(line.lastIndexOf(':') + 1);
        assertThat(ownAddresses()).isNotEmpty();
        for (String own : ownAddresses()) {
            String host = own.contains(":") ? "[" + own + "]" : own;
            assertThat(Program.of("curl", "-sS", "-g", "-m", "20", "http://" + host + ":" + port + "/" + own.hashCode())
                            .run()
                            .succeeded()
                            .out())
                    .contains("nginx");
        }
        if (ownAddresses().stream().noneMatch(a -> a.contains(":"))) {
            System.err.println("this machine has no address of IPv6: that half is left out");
        }
        for (String own : ownAddresses()) {
            assertThat(log().lines().filter(l -> l.contains("/" + own.hashCode() + " ")))
                    .singleElement()
                    .asString()
                    .startsWith(own + " ");
        }
    }

    private static void neighboursAskByName() {
        String page = "nc -w 5 web 80 <<E\nGET /named HTTP/1.0\n\nE\n";
        assertThat(kelp.run("run", "--rm", "--network", "front", busybox(), "sh", "-c", "ping -c1 -W5 web; " + page)
                        .out())
                .contains("1 packets received", "nginx");
        assertThat(kelp.run("run", "--rm", "--network", "front", busybox(), "ping", "-6", "-c1", "-W5", "web")
                        .succeeded()
                        .out())
                .contains("1 packets received");
        assertThat(kelp.run("run", "--rm", "--network", "front", debian, "bash", "-c", overIpv6())
                        .succeeded()
                        .out())
                .contains("nginx");
        assertThat(kelp.run("run", "--rm", "--network", "back", busybox(), "ping", "-c1", "-W2", "web")
                        .exitCode())
                .isNotZero();
        assertThat(kelp.run("run", "--rm", "--network", "back", busybox(), "ping", "-c1", "-W2", address())
                        .exitCode())
                .isNotZero();
    }

    /// By Bash's own sockets: the image has no client.
    private static String overIpv6() {
        return "exec 3<>/dev/tcp/$(getent ahostsv6 web | cut -d' ' -f1 | head -n1)/80;"
                + " printf 'GET /six HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
    }

    private static String address() {
        return kelp.run("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web")
                .succeeded()
                .text();
    }
}
