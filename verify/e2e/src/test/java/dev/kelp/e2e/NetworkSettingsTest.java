// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The variables that rootless containerd is set up by, and the driver they choose.
@Tag("e2e")
class NetworkSettingsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    static final String PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    @BeforeEach
    void needs() {
        assumeTrue(Files.exists(Path.of("/usr/sbin/nft")), "nft is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
    }

    /// The words of the holder's child that is such a program.
    private static Optional<List<String>> driver(KelpCli kelp, String program) {
        return driverPid(kelp, program).map(pid -> List.of(read(pid, "cmdline").split("\0")));
    }

    static Optional<Long> driverPid(KelpCli kelp, String program) {
        return ProcessHandle.of(kelp.holderPid())
                .orElseThrow()
                .children()
                .map(ProcessHandle::pid)
                .filter(pid -> read(pid, "cmdline").contains(program))
                .findFirst();
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file));
        } catch (IOException e) {
            // it has ended
            return "";
        }
    }

    /// Whose holder was started with these variables.
    static KelpCli started(Map<String, String> variables) {
        KelpCli kelp = new KelpCli();
        kelp.command("ps").environment(variables).run().succeeded();
        return kelp;
    }

    @Test
    void theDriverIsTheOneThatIsNamed() {
        assumeTrue(Files.exists(Path.of("/usr/bin/pasta")), "pasta is not installed");
        try (KelpCli kelp = started(Map.of(PREFIX + "NET", "pasta", PREFIX + "FLAGS", "--mtu=1400"))) {
            Outcome plain = kelp.run("run", "--rm", "--rootfs", "/", "true").succeeded();
            assertThat(plain.err()).doesNotContain(PREFIX);
            assertThat(driver(kelp, "pasta").orElseThrow())
                    .containsSequence("--mtu", "1400")
                    .contains("--no-map-gw");
        }
    }

    /// As scripts for RootlessKit do.
    @Test
    void theStateDirectoryLeadsIntoTheNamespaces(@TempDir Path folder) {
        Launcher.requireOrdinaryUser();
        Path state = folder.resolve("state");
        try (KelpCli kelp = started(Map.of(PREFIX + "STATE_DIR", state.toString()))) {
            kelp.run("run", "-d", "--rootfs", "/", "sleep", "100").succeeded();
            String enter = "nsenter -U --preserve-credentials -m -t $(cat " + state + "/child_pid) ";
            assertThat(Program.of("sh", "-c", enter + "id -u").run().succeeded().text())
                    .isEqualTo("0");
            assertThat(Program.of("sh", "-c", enter + "nsenter --net=" + state + "/netns ip -o -4 addr show kelp0")
                            .run()
                            .succeeded()
                            .out())
                    .contains("10.4.0.1/24");
        }
    }

    @Test
    void whatIsMistypedIsNamedByTheCommandThatNeedsIt() {
        try (KelpCli kelp = started(Map.of(PREFIX + "NET", "wormhole"))) {
            assertThat(kelp.run("run", "--rm", "--rootfs", "/", "true")
                            .expect(125)
                            .err())
                    .contains("unknown " + PREFIX + "NET value: wormhole", "slirp4netns");
            kelp.run("run", "--rm", "--net=none", "--rootfs", "/", "true").succeeded();
            kelp.run("ps").succeeded();
        }
    }

    @Test
    void aBridgeOfTheHostThatCannotBeHadIsTold(@TempDir Path folder) throws IOException {
        Path program = Files.writeString(folder.resolve("nic"), "#!/bin/sh\nexit 1\n");
        for (String[] words : new String[][] {
            {"--lxc-user-nic-binary=/no/nic", "/no/nic is not installed (apt-get install lxc)"},
            {"--lxc-user-nic-binary=" + program, program + " is not root's and setuid"},
            {"--lxc-user-nic-binary=/usr/bin/passwd --lxc-user-nic-bridge=no-br0", "there is no bridge no-br0"}
        }) {
            Program.of("chmod", "755", program.toString()).run().succeeded();
            try (KelpCli kelp = started(Map.of(PREFIX + "NET", "lxc-user-nic", PREFIX + "FLAGS", words[0]))) {
                assertThat(kelp.run("run", "--rm", "--rootfs", "/", "true")
                                .succeeded()
                                .err())
                        .contains("cannot reach other machines: " + words[1]);
            }
        }
    }

    /// The program is root there alone, and its words are what the user needs.
    @Test
    void whatMakesTheInterfaceRunsOutsideOfTheNamespaces(@TempDir Path folder) throws IOException {
        Launcher.requireOrdinaryUser();
        Path program = Files.writeString(
                folder.resolve("nic"),
                "#!/bin/sh\ncat /proc/self/uid_map >>$0.ran\necho \"$@\" >>$0.ran\necho quota reached\nexit 1\n");
        Program.of("chmod", "4755", program.toString()).run().succeeded();
        Path ran = folder.resolve("nic.ran");
        String flags = "--lxc-user-nic-bridge=lo --lxc-user-nic-binary=" + program;
        try (KelpCli kelp = started(Map.of(PREFIX + "NET", "lxc-user-nic", PREFIX + "FLAGS", flags))) {
            kelp.run("run", "--rm", "--rootfs", "/", "true").succeeded();
            String outside = Files.readString(Path.of("/proc/self/uid_map"));
            assertThat(Files.readString(ran)).startsWith(outside).contains("create /dev/null kelp", "veth lo eth0");
            assertThat(kelp.daemonLog()).contains("networks have no way out: nic: quota reached");
            kelp.run("system", "restart").succeeded();
            kelp.run("run", "--rm", "--rootfs", "/", "true").succeeded();
            // the shell outlives the daemon
            Waiting.until(SOON, "it ran again", () -> calls(ran) > 1, kelp::daemonLog);
        }
    }

    private static int calls(Path ran) {
        try {
            return Files.readString(ran).split("create", -1).length - 1;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A user whom root gave a bridge (lxc-usernet(5)).
    @Test
    void aBridgeOfTheHostIsTheWayOut() throws IOException {
        Path allowed = Path.of("/etc/lxc/lxc-usernet");
        assumeTrue(
                Files.exists(allowed)
                        && Files.readString(allowed).contains(System.getProperty("user.name") + " veth lxcbr0"),
                allowed + " does not name this user");
        assumeTrue(Files.exists(Path.of("/sys/class/net/lxcbr0")), "there is no bridge lxcbr0");
        try (KelpCli kelp = started(Map.of(PREFIX + "NET", "lxc-user-nic"))) {
            kelp.pull(Engines.busybox());
            kelp.run("run", "-d", "--name", "web", Engines.busybox(), "sleep", "1000")
                    .succeeded();
            String gateway = "ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'";
            String namespace = "--net=" + kelp.runRoot().resolve("netns");
            String bridge = kelp.run("unshare", "nsenter", namespace, "sh", "-c", gateway)
                    .succeeded()
                    .text();
            String[] ping = {"exec", "web", "ping", "-c", "1", "-W", "5", bridge};
            assertThat(kelp.run(ping).succeeded().out()).contains("1 packets received");
            Leftovers.kill(kelp.daemonPid());
            assertThat(kelp.run(ping).succeeded().out()).contains("1 packets received");
            assertThat(kelp.run("run", "--rm", Engines.busybox(), "ping", "-c", "1", "-W", "5", bridge)
                            .succeeded()
                            .out())
                    .contains("1 packets received");
        }
    }

    @Test
    void whatHasNoEffectIsSaidOnce() {
        try (KelpCli kelp = started(Map.of(PREFIX + "PORT_DRIVER", "pesto"))) {
            assertThat(kelp.run("run", "--rm", "--rootfs", "/", "true")
                            .succeeded()
                            .err())
                    .contains("PORT_DRIVER=pesto");
            assertThat(kelp.run("run", "--rm", "--rootfs", "/", "true")
                            .succeeded()
                            .err())
                    .doesNotContain(PREFIX);
        }
    }

    @Test
    void aDriverThatIsKilledComesBackUnderARunningContainer() {
        assumeTrue(Files.exists(Path.of("/usr/bin/slirp4netns")), "slirp4netns is not installed");
        try (KelpCli kelp = Engines.kelp()) {
            kelp.run("run", "-d", "--name", "web", Engines.busybox(), "sleep", "1000")
                    .succeeded();
            long killed = driverPid(kelp, "slirp4netns").orElseThrow();
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            Waiting.until(
                    SOON,
                    "another slirp4netns",
                    () -> driverPid(kelp, "slirp4netns")
                            .filter(pid -> pid != killed)
                            .isPresent(),
                    kelp::daemonLog);
            Waiting.until(
                    SOON,
                    "the way out is open again",
                    () -> kelp.run("exec", "web", "ping", "-c", "1", "-W", "1", "10.0.2.2")
                                    .exitCode()
                            == 0,
                    kelp::daemonLog);
        }
    }
}
