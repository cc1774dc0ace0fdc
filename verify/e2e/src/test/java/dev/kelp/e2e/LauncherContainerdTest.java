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
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// containerd without root, by the lines of its own documentation.
@Tag("e2e")
class LauncherContainerdTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /// Typed as it is written there, in the folder with the configuration.
    private static final String START = """
            rootlesskit --net=slirp4netns --copy-up=/etc --copy-up=/run \\
              --state-dir="$XDG_RUNTIME_DIR"/rootlesskit-containerd \\
              sh -c "rm -f /run/containerd; exec containerd -c config.toml"
            """;

    private static final String ENTER =
            "nsenter -U --preserve-credentials -m -n -t $(cat \"$XDG_RUNTIME_DIR\"/rootlesskit-containerd/child_pid) ";

    @ParameterizedTest
    @MethodSource("dev.kelp.e2e.Launcher#all")
    void startsAndAnswersInItsNamespaces(Launcher launcher) throws IOException {
        Launcher.requireOrdinaryUser();
        assumeThat(Path.of("/usr/bin/containerd")).as("containerd is installed").exists();
        Path folder = Folders.create("kelp-containerd-");
        Path socket = folder.resolve("containerd.sock");
        Files.writeString(folder.resolve("config.toml"), """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                address = "%2$s"
                """.formatted(folder, socket));
        Program.Running running = shell(launcher, folder, "exec " + START).start();
        try {
            Waiting.until(SOON, "containerd listens", () -> Files.exists(socket) || !running.isAlive(), () -> "no");
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

    private static Program shell(Launcher launcher, Path folder, String line) {
        return Program.of("bash", "-c", line)
                .directory(folder)
                .environment(Map.of(
                        "PATH", launcher.folder() + ":" + System.getenv("PATH"),
                        "XDG_RUNTIME_DIR", folder.toString(),
                        "CONTAINERD_ADDRESS", folder.resolve("containerd.sock").toString()));
    }
}
