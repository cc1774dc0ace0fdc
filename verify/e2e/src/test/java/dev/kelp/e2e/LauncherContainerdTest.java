// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// containerd without root, by the lines of its own documentation: containerd itself, and Kelp under its name.
@Tag("e2e")
class LauncherContainerdTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    /// Typed as it is written there, in the folder with the configuration.
    private static final String START = """
            rootlesskit --net=slirp4netns --copy-up=/etc --copy-up=/run \\
              --state-dir="$XDG_RUNTIME_DIR"/rootlesskit-containerd \\
              sh -c "rm -f /run/containerd; exec containerd -c config.toml"
            """;

    private static final String ENTER =
            "nsenter -U --preserve-credentials -m -n -t $(cat \"$XDG_RUNTIME_DIR\"/rootlesskit-containerd/child_pid) ";

    /// There is no registry in reach of that network.
    private static final String INSIDE = """
            cd %s
            tar -C %s -c . | nerdctl load
            nerdctl tag $(nerdctl images -q) busybox
            nerdctl run --rm busybox sed -n 2p /proc/self/uid_map
            ctr run --rm --fifo-dir /tmp/foo-fifo --cgroup "" docker.io/library/busybox:latest foo echo by ctr
            nerdctl run -d --name stays busybox sleep 100
            """;

    @ParameterizedTest
    @MethodSource("dev.kelp.e2e.Launcher#all")
    void startsAndAnswersInItsNamespaces(Launcher launcher) throws IOException {
        Launcher.requireOrdinaryUser();
        assumeThat(Path.of("/usr/bin/containerd")).as("containerd is installed").exists();
        Path folder = Folders.create("kelp-containerd-");
        for (String name : List.of("containerd", "ctr")) {
            Files.createSymbolicLink(folder.resolve(name), Path.of("/usr/bin").resolve(name));
        }
        configure(folder);
        Program.Running running = shell(launcher, folder, "exec " + START).start();
        try {
            await(folder, running);
            Outcome answer =
                    shell(launcher, folder, ENTER + "ctr version").run().succeeded();
            assertThat(answer.out()).contains("Client:").contains("Server:");
            Outcome inside = shell(
                            launcher, folder, ENTER + "sh -c 'id -u; cat /etc/resolv.conf; touch /run/containerd'")
                    .run()
                    .succeeded();
            assertThat(inside.lines()).containsExactly("0", "nameserver 10.0.2.3");
        } finally {
            Program.of("kill", Long.toString(running.pid())).run();
            assertThat(running.await().exitCode()).isZero();
            Folders.delete(folder);
        }
    }

    /// In the namespaces that the launcher made, with all of its ids.
    @Test
    void kelpAnswersUnderItsName() throws IOException {
        Launcher.requireOrdinaryUser();
        Launcher launcher = Launcher.kelp();
        String layout = Engines.images().busybox().replaceFirst(":[a-z]+$", "");
        Path folder = Folders.create("kelp-containerd-");
        configure(folder);
        Files.writeString(folder.resolve("inside.sh"), INSIDE.formatted(folder, layout));
        Program.Running running = shell(launcher, folder, "exec " + START).start();
        try {
            await(folder, running);
            assertThat(folder.resolve("containerd.sock").toRealPath())
                    .isEqualTo(folder.resolve("state/kelp/kelp.sock"));
            assertThat(shell(launcher, folder, ENTER + "sh -e " + folder.resolve("inside.sh"))
                            .run()
                            .succeeded()
                            .lines())
                    .anyMatch(line -> line.matches(" +1 +\\d+ +65536"))
                    .contains("by ctr");
            // the address leads there from outside, too
            assertThat(shell(launcher, folder, "nerdctl ps --format '{{.Names}}'")
                            .run()
                            .succeeded()
                            .lines())
                    .containsExactly("stays");
            shell(launcher, folder, "nerdctl rm -f stays").run().succeeded();
        } finally {
            Program.of("kill", Long.toString(running.pid())).run();
            assertThat(running.await().exitCode()).isZero();
            assertThat(folder.resolve("containerd.sock")).doesNotExist();
            Folders.delete(folder);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -c no-such-file                | read no-such-file
            --config                       | flag needs an argument: --config
            config dump                    | containerd config: Kelp knows --config
            --root relative                | use relative: it must be
            """)
    void whatItCannotTakeIsSaid(String words, String said) {
        Launcher.requireOrdinaryUser();
        assertThat(Program.of("sh", "-c", Launcher.kelp().folder() + "/containerd " + words)
                        .run()
                        .expect(1)
                        .err())
                .contains(said);
    }

    private static void configure(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.toml"), """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                address = "%1$s/containerd.sock"
                """.formatted(folder));
    }

    private static void await(Path folder, Program.Running running) {
        Path socket = folder.resolve("containerd.sock");
        Waiting.until(SOON, "containerd listens", () -> Files.exists(socket) || !running.isAlive(), () -> "no");
    }

    private static Program shell(Launcher launcher, Path folder, String line) {
        return Program.of("bash", "-c", line)
                .directory(folder)
                .environment(Map.of(
                        "PATH", folder + ":" + launcher.folder() + ":" + System.getenv("PATH"),
                        "XDG_RUNTIME_DIR", folder.toString(),
                        "CONTAINERD_ADDRESS", folder.resolve("containerd.sock").toString()));
    }
}
