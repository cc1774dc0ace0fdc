// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.TestMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AddonCommandTest {
    private static final String UNITS = "home/alice/.config/systemd/user/";

    @TempDir
    Path root;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private TestMachine all;
    private StandInSystemd systemd;

    @BeforeEach
    void makeMachine() throws IOException {
        all = new TestMachine(root).variable("PATH", "/usr/bin");
        systemd = new StandInSystemd(all.machine().programs());
    }

    private int run(String... words) {
        out.reset();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        Machine m = all.machine();
        Machine machine = new Machine(m.root(), m.variables(), m.user(), false, systemd);
        return new SetupTool(
                        "containerd-rootless-setuptool.sh",
                        new Console(stream, stream, false),
                        m.variables(),
                        systemd,
                        () -> machine)
                .run(List.of(words));
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private Path unit(String name) {
        return root.resolve(UNITS + name);
    }

    @Test
    void theSnapshotterIsRunInsideAndToldOf() throws IOException {
        all.program("containerd-stargz-grpc");
        run("install");
        assertThat(run("install-stargz")).as(this::said).isZero();
        assertThat(said()).contains("""
                ### BEGIN ###
                [proxy_plugins]
                  [proxy_plugins."stargz"]
                    type = "snapshot"
                    address = "/run/user/1000/containerd-stargz-grpc/containerd-stargz-grpc.sock"
                ###  END  ###
                """).contains("export CONTAINERD_SNAPSHOTTER=stargz");
        assertThat(unit("stargz-snapshotter.service"))
                .content()
                .contains("PartOf=containerd.service")
                .contains(" setup nsenter -- \"containerd-stargz-grpc\" \"-address\"");
        assertThat(root.resolve("home/alice/.config/containerd-stargz-grpc/config.toml"))
                .exists();
        assertThat(systemd.active).contains("stargz-snapshotter.service");
        assertThat(run("uninstall-stargz")).isZero();
        assertThat(said())
                .contains("[INFO] Uninstalled stargz-snapshotter.service")
                .contains("rootlesskit rm -rf /home/alice/.local/share/containerd-stargz-grpc");
    }

    @Test
    void theLinesAreWrittenOnRequest() throws IOException {
        all.program("containerd-stargz-grpc")
                .file("/home/alice/.config/containerd/config.toml", "version = 2 # mine\n");
        run("install");
        assertThat(run("install-stargz", "--write")).as(this::said).isZero();
        assertThat(said()).contains("the old one is config.toml.orig").doesNotContain("BEGIN");
        Path config = root.resolve("home/alice/.config/containerd/config.toml");
        assertThat(config).content().startsWith("version = 2 # mine\n").contains("[proxy_plugins.\"stargz\"]");
        assertThat(run("install-stargz", "--write")).isZero();
        assertThat(said()).contains("has the snapshotter already");
        Files.writeString(config, "version = \n");
        assertThat(run("install-stargz", "--write")).isEqualTo(1);
        assertThat(said()).contains("it is not TOML");
    }

    @Test
    void whatIsMissingIsNamed() {
        run("install");
        assertThat(run("install-buildkit")).isEqualTo(1);
        assertThat(said())
                .isEqualTo("[ERROR] buildkitd (https://github.com/moby/buildkit) needs to be present under $PATH\n");
        assertThat(run("install-ipfs", "--offline")).isEqualTo(1);
        assertThat(run("install-stargz", "more")).isEqualTo(1);
        assertThat(said()).contains("Unknown argument: more");
    }

    @Test
    void theEngineComesFirst() throws IOException {
        all.program("buildkitd");
        assertThat(run("install-buildkit")).isEqualTo(1);
        assertThat(said())
                .isEqualTo(
                        "[ERROR] Install containerd.service first" + " (`containerd-rootless-setuptool.sh install`)\n");
    }

    @Test
    void whereTheKernelHasItNothingIsNeeded() {
        assertThat(run("install-fuse-overlayfs")).as(this::said).isZero();
        assertThat(said()).contains("nothing more is needed");
        assertThat(unit("containerd-fuse-overlayfs.service")).doesNotExist();
    }

    @Test
    void aNamespaceHasABuilderOfItsOwn() throws IOException {
        all.program("buildkitd").variable("CONTAINERD_NAMESPACE", "web");
        run("install");
        assertThat(run("install-buildkit-containerd")).as(this::said).isZero();
        assertThat(unit("web-buildkit.service"))
                .content()
                .contains("\"--containerd-worker-namespace=web\"")
                .contains("\"--root=/home/alice/.local/share/buildkit-web\"");
        assertThat(run("uninstall")).isZero();
        assertThat(said()).contains("[INFO] Uninstalled web-buildkit.service");
        assertThat(unit("web-buildkit.service")).doesNotExist();
    }

    /// Kelp has the program itself; it serves other engines' containers.
    @Test
    void theAcceleratorNeedsNoEngine() {
        assertThat(run("install-bypass4netnsd")).as(this::said).isZero();
        assertThat(unit("bypass4netnsd.service"))
                .content()
                .contains("\"bypass4netnsd\"\n")
                .doesNotContain("PartOf");
        assertThat(said()).contains("--annotation nerdctl/bypass4netns=true");
    }
}
