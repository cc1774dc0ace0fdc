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
            kelp unshare sed -n 2p /proc/self/uid_map
            containerd-rootless-setuptool.sh nsenter -- echo by nsenter
            nerdctl run -d --name stays busybox sleep 100
            mkdir state/kelp/containers/other
            echo %d >state/kelp/containers/other/conmon.pid
            """;

    /// In a launcher whose /etc, /run and /var/lib can be written to: what names no folders, and then one of them.
    private static final String ITS_OWN = """
            rm -f /etc/containerd /run/containerd /var/lib/containerd
            for words in "" "--root=/run/root" "--state=/run/state"; do
                containerd $words & daemon=$!
                until [ -L /run/containerd/containerd.sock ]; do kill -0 $daemon; sleep 0.1; done
                CONTAINERD_ADDRESS=/run/containerd/containerd.sock kelp system status | grep ' root:'
                kill $daemon
                wait $daemon
            done
            touch /run/containerd/containerd.sock
            containerd 2>said & daemon=$!
            until grep 'there is no link' said; do kill -0 $daemon; sleep 0.1; done
            test -f /run/containerd/containerd.sock
            kill $daemon
            wait $daemon
            ! containerd --state="$XDG_RUNTIME_DIR"
            """;

    private static final String OUTSIDE =
            "kelp system status | grep pid: && kelp inspect --format '{{.State.Pid}} {{.State.Status}}' web";

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
        Program.Running another = monitorOfAnotherEngine(folder);
        Files.writeString(folder.resolve("inside.sh"), INSIDE.formatted(folder, layout, another.pid()));
        Program.Running running = shell(launcher, folder, "exec " + START).start();
        try {
            await(folder, running);
            assertThat(folder.resolve("containerd.sock").toRealPath())
                    .isEqualTo(folder.resolve("state/kelp/kelp.sock"));
            assertThat(shell(launcher, folder, ENTER + "sh -e " + folder.resolve("inside.sh"))
                            .run()
                            .succeeded()
                            .lines())
                    .satisfies(lines -> assertThat(lines)
                            .filteredOn(line -> line.matches(" +1 +\\d+ +65536"))
                            .as("of a container and of unshare")
                            .hasSize(2))
                    .contains("by ctr", "by nsenter");
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
            assertThat(another.isAlive()).isTrue();
            ProcessHandle.of(another.pid()).stream()
                    .flatMap(ProcessHandle::children)
                    .forEach(ProcessHandle::destroyForcibly);
            another.await();
            Folders.delete(folder);
        }
    }

    /// It has a monitor's name and ends when what it waits for does.
    private static Program.Running monitorOfAnotherEngine(Path folder) throws IOException {
        Path conmon = Files.createDirectory(folder.resolve("another")).resolve("conmon");
        Files.createSymbolicLink(conmon, Path.of("/bin/sh"));
        return Program.of(conmon.toString(), "-c", "sleep 1000; :").start();
    }

    /// The engine outside is in reach, as its socket lies in a folder of the same user.
    @Test
    void theEngineOutsideGoesOn() throws IOException {
        Launcher.requireOrdinaryUser();
        Launcher launcher = Launcher.kelp();
        Path folder = Folders.create("kelp-containerd-");
        Files.writeString(folder.resolve("inside.sh"), ITS_OWN);
        try {
            ordinary(launcher, folder, "kelp run -d --net=none --name web --rootfs / sleep 1000")
                    .succeeded();
            String before = ordinary(launcher, folder, OUTSIDE).succeeded().text();
            Outcome launched = ordinary(
                    launcher,
                    folder,
                    "rootlesskit --net=slirp4netns --copy-up=/etc --copy-up=/run --copy-up=/var/lib sh -e inside.sh");
            assertThat(ordinary(launcher, folder, OUTSIDE).succeeded().text())
                    .isEqualTo(before)
                    .endsWith("running");
            assertThat(launched.succeeded().lines())
                    .containsExactly(
                            "run root: /run/containerd/kelp",
                            "data root: /var/lib/containerd/kelp",
                            "run root: /run/containerd/kelp",
                            "data root: /run/root/kelp",
                            "run root: /run/state/kelp",
                            "data root: /var/lib/containerd/kelp",
                            "kelp: there is no link to the engine at /run/containerd/containerd.sock");
            assertThat(launched.err())
                    .contains("use data root /var/lib/containerd/kelp: the engine in " + folder + "/kelp has another");
        } finally {
            ordinary(launcher, folder, "kelp rm -f web; kelp system stop");
            Folders.delete(folder);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -c no-such-file                | read no-such-file
            --config                       | flag needs an argument: --config
            config dump                    | containerd config: Kelp knows --config
            --root relative                | use relative: it must be
            --address /etc/passwd          | use address /etc/passwd: there is something
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

    /// By a user whose runtime folder and home this is.
    private static Outcome ordinary(Launcher launcher, Path folder, String line) {
        return shell(launcher, folder, line)
                .environment(Map.of("HOME", folder.toString(), "XDG_DATA_HOME", ""))
                .environment(Map.of("KELP_DATA_ROOT", "", "KELP_RUN_ROOT", ""))
                .timeoutSeconds(180)
                .run();
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
