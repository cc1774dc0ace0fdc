// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A daemon that takes up networks which an earlier one made.
@Tag("e2e")
class NetworkUpgradeTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String NFT = "/usr/sbin/nft";

    private KelpCli kelp;

    @BeforeEach
    void open() {
        assumeTrue(Files.exists(Path.of(NFT)), "nft is not installed");
        kelp = Engines.kelp();
    }

    @AfterEach
    void close() {
        if (kelp != null) {
            kelp.close();
        }
    }

    /// In the namespace of the networks.
    private String inside(String... words) {
        Stream<String> all = Stream.concat(
                Stream.of("unshare", "nsenter", "--net=" + kelp.runRoot().resolve("netns")), Stream.of(words));
        return kelp.run(all.toArray(String[]::new)).succeeded().out();
    }

    private String rules() {
        return inside(NFT, "list", "ruleset");
    }

    private boolean hasBridge(String name) {
        return inside("ip", "-br", "link", "show", "type", "bridge").lines().anyMatch(l -> l.startsWith(name + " "));
    }

    private void create(String name, String subnet) {
        kelp.run("network", "create", "--subnet", subnet, "-o", "com.docker.network.bridge.name=" + name, name)
                .succeeded();
    }

    private void restart() {
        kelp.run("system", "restart").succeeded();
        kelp.run("ps").succeeded();
    }

    @Test
    void rulesOfAnotherVersionAreRenewedAndOthersLeftAlone() throws IOException {
        create("one0", "10.88.61.0/24");
        kelp.run("run", "-d", "--name", "web", "--network", "one0", busybox(), "sleep", "1000")
                .succeeded();
        assertThat(rules()).contains("10.88.61.0/24");
        inside(NFT, "flush", "ruleset");
        inside("ip", "link", "set", "one0", "address", "02:42:00:00:00:01");
        Path made = kelp.runRoot().resolve("networks.json");
        String plan = Files.readString(made);
        // nobody looks at what is as it would be made
        restart();
        assertThat(kelp.run("run", "--rm", "--network", "none", busybox(), "true")
                        .succeeded()
                        .err())
                .isEmpty();
        assertThat(rules()).isEmpty();
        Files.writeString(made, plan.replace("masquerade", "snat to 192.0.2.1"));
        restart();
        Waiting.until(SOON, "the rules are new", () -> rules().contains("10.88.61.0/24"), kelp::daemonLog);
        assertThat(rules()).contains("masquerade", "socket transparent");
        assertThat(inside("ip", "-br", "link", "show", "one0")).contains("02:42:0a:58:3d:01");
        assertThat(kelp.run("exec", "web", "ping", "-c", "1", "-W", "5", "10.88.61.1")
                        .succeeded()
                        .out())
                .contains("1 packets received");
        assertThat(Files.readString(made)).contains("masquerade").doesNotContain("snat to");
    }

    /// Another network may have their addresses by then.
    @Test
    void bridgesGoWithTheirNetworks() {
        create("two0", "10.88.62.0/24");
        create("three0", "10.88.63.0/24");
        for (String network : List.of("two0", "three0")) {
            kelp.run("run", "--rm", "--network", network, busybox(), "true").succeeded();
        }
        kelp.run("run", "-d", "--name", "web", busybox(), "sleep", "1000").succeeded();
        restart();
        // it takes up the networks for the container
        kelp.run("network", "rm", "two0").succeeded();
        assertThat(hasBridge("two0")).isFalse();
        assertThat(rules()).doesNotContain("two0").contains("three0");
        // nothing takes them up
        kelp.run("rm", "-f", "web").succeeded();
        restart();
        kelp.run("network", "rm", "three0").succeeded();
        create("four0", "10.88.63.0/24");
        assertThat(kelp.run("run", "--rm", "--network", "four0", busybox(), "ping", "-c", "1", "-W", "5", "10.88.63.1")
                        .succeeded()
                        .out())
                .contains("1 packets received");
        assertThat(hasBridge("three0")).isFalse();
        Waiting.until(SOON, "the rules are new", () -> !rules().contains("three0"), this::rules);
    }
}
