// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Programs;
import dev.kelp.setup.check.TestMachine;
import dev.kelp.setup.check.User;
import dev.kelp.setup.service.EngineProgram;
import dev.kelp.setup.service.EngineUnits;
import dev.kelp.setup.service.InitFiles;
import dev.kelp.setup.service.UserFolders;
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

class InstallationTest {
    private static final String UNITS = "home/alice/.config/systemd/user/";

    @TempDir
    Path root;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private TestMachine all;
    private StandInSystemd systemd;

    @BeforeEach
    void makeMachine() throws IOException {
        all = new TestMachine(root).variable("PATH", "/usr/bin").program("kelp");
        systemd = new StandInSystemd(all.machine().programs());
    }

    private Installation named(String stem) {
        Machine m = all.machine();
        return of(stem, new Machine(m.root(), m.variables(), m.user(), false, systemd));
    }

    private Installation of(String stem, Machine machine) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        return new Installation(
                new Console(stream, stream, false),
                new EngineUnits(stem, machine, UserFolders.of(machine), new EngineProgram(Path.of("/usr/bin/kelp"))),
                stem.equals(EngineUnits.KELP) ? "kelp setup" : "containerd-rootless-setuptool.sh");
    }

    private Installation kelp() {
        return named(EngineUnits.KELP);
    }

    private Installation containerd() {
        return named(EngineUnits.CONTAINERD);
    }

    private String said() {
        String text = out.toString(StandardCharsets.UTF_8);
        out.reset();
        return text;
    }

    private Path unit(String name) {
        return root.resolve(UNITS + name);
    }

    /// The lines of the documentation of rootless containerd, in its order.
    @Test
    void theCompatibleNamePrintsWhatScriptsExpect() throws IOException {
        assertThat(containerd().install(false, false)).isZero();
        assertThat(said().lines().filter(l -> l.startsWith("[")).toList())
                .containsExactly(
                        "[INFO] Checking RootlessKit functionality",
                        "[INFO] Checking cgroup v2",
                        "[INFO] Checking overlayfs",
                        "[INFO] Creating /home/alice/.config/systemd/user/containerd.service",
                        "[INFO] Starting systemd unit containerd.service",
                        "[INFO] Installed containerd.service successfully.",
                        "[INFO] To control containerd.service, run:"
                                + " `systemctl --user (start|stop|restart) containerd.service`",
                        "[INFO] To run containerd.service on system startup, run: `sudo loginctl enable-linger alice`",
                        "[INFO] Use `nerdctl` to connect to the rootless containerd.",
                        "[INFO] You do NOT need to specify $CONTAINERD_ADDRESS explicitly.");
        assertThat(systemd.active).containsExactly("containerd.service");
        assertThat(systemd.enabled).containsExactly("containerd.service");
    }

    @Test
    void theUnitSaysWhatItMust() throws IOException {
        all.variable("CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "pasta");
        assertThat(kelp().install(false, false)).isZero();
        assertThat(Files.readAllLines(unit("kelp.service")))
                .contains(
                        "ExecStart=\"/usr/bin/kelp\" system start --foreground",
                        "Environment=\"PATH=/usr/bin:/sbin:/usr/sbin:/usr/bin\"",
                        "Environment=\"CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS=\"",
                        "Environment=\"CONTAINERD_ROOTLESS_ROOTLESSKIT_NET=pasta\"",
                        "ExecReload=/bin/kill -s HUP $MAINPID",
                        "Type=notify",
                        "Restart=always",
                        "RestartSec=2",
                        "TimeoutStartSec=infinity",
                        "LimitNOFILE=infinity",
                        "LimitNPROC=infinity",
                        "LimitCORE=infinity",
                        "TasksMax=infinity",
                        "Delegate=yes",
                        "KillMode=mixed",
                        "WantedBy=default.target");
    }

    @Test
    void twiceIsAsOnce() throws IOException {
        kelp().install(false, false);
        Files.writeString(unit("kelp.service"), "\n# mine\n", java.nio.file.StandardOpenOption.APPEND);
        systemd.active.clear();
        said();
        assertThat(kelp().install(false, false)).isZero();
        assertThat(said())
                .contains("[WARNING] File already exists, skipping: /home/alice/.config/systemd/user/kelp.service");
        assertThat(systemd.active).containsExactly("kelp.service");
        assertThat(unit("kelp.service")).content().endsWith("# mine\n");
    }

    @Test
    void oneEngineHasOneService() throws IOException {
        kelp().install(false, false);
        assertThat(containerd().install(false, false)).isEqualTo(1);
        assertThat(said()).contains("[ERROR] Kelp is installed as kelp.service already: run `kelp setup uninstall`");
        assertThat(unit("containerd.service")).doesNotExist();
    }

    @Test
    void aUnitOfContainerdsOwnIsLeftAlone() throws IOException {
        all.file("/" + UNITS + "containerd.service", "[Service]\nExecStart=/usr/local/bin/containerd-rootless.sh\n");
        assertThat(containerd().install(false, false)).isEqualTo(1);
        assertThat(said()).contains("was made by another program");
        assertThat(containerd().uninstall(List.of())).isZero();
        assertThat(said()).contains("[WARNING] Not made by Kelp, left alone: ");
        assertThat(unit("containerd.service")).exists();
        assertThat(kelp().install(false, false)).as("beside it").isZero();
    }

    @Test
    void whatDoesNotStartIsAnError() throws IOException {
        systemd.broken.add("kelp.service");
        assertThat(kelp().install(false, false)).isEqualTo(1);
        assertThat(said())
                .contains("[ERROR] Failed to start kelp.service. Run `journalctl -n 20")
                .doesNotContain("Installed");
    }

    @Test
    void rootIsRefusedAndToldWhatItCanDo() throws IOException {
        Machine m = all.machine();
        Machine asRoot = new Machine(m.root(), m.variables(), new User("root", 0, "/root"), false, systemd);
        assertThat(of(EngineUnits.CONTAINERD, asRoot).install(false, false)).isEqualTo(1);
        assertThat(said())
                .startsWith("[ERROR] Refusing to install rootless containerd as the root user\n")
                .contains("machinectl shell USER@ /usr/bin/kelp setup install", "loginctl enable-linger USER");
        assertThat(of(EngineUnits.KELP, asRoot).uninstall(List.of())).isEqualTo(1);
        assertThat(said()).contains("Refusing to uninstall kelp.service as the root user");
        assertThat(systemd.calls).isEmpty();
    }

    @Test
    void withoutSystemdNothingIsGivenUp() throws IOException {
        all.without("/run/systemd/system");
        assertThat(kelp().install(false, false)).isZero();
        assertThat(said())
                .contains("  /usr/bin/kelp system start --foreground\n")
                .contains("kelp setup install --init NAME");
        assertThat(root.resolve(UNITS)).doesNotExist();
        assertThat(kelp().uninstall(List.of())).isZero();
    }

    @Test
    void asAfterSuTheRemedyIsNamed() throws IOException {
        systemd.answers = false;
        Machine m = all.machine();
        var variables = new java.util.HashMap<>(m.variables());
        variables.remove("XDG_RUNTIME_DIR");
        Machine afterSu = new Machine(m.root(), variables, m.user(), false, systemd);
        assertThat(of(EngineUnits.KELP, afterSu).install(false, false)).isEqualTo(1);
        assertThat(said())
                .contains("[ERROR] Your own systemd does not answer")
                .contains("export XDG_RUNTIME_DIR=/run/user/1000")
                .contains("system start --foreground");
    }

    @Test
    void aMachineThatRunsNoContainersIsNotSetUp() throws IOException {
        all.file("/proc/sys/user/max_user_namespaces", "0\n").answer("rootlesskit", 1, "no space left on device\n");
        systemd = new StandInSystemd(all.machine().programs());
        assertThat(kelp().install(false, false)).isEqualTo(1);
        assertThat(said()).contains("[ERROR] user namespaces: ").contains("--force");
        assertThat(unit("kelp.service")).doesNotExist();
        assertThat(kelp().install(true, false)).isZero();
    }

    @Test
    void onDemandSystemdListens() throws IOException {
        kelp().install(false, false);
        assertThat(kelp().install(false, true)).isZero();
        assertThat(Files.readAllLines(unit("kelp.socket")))
                .contains("ListenStream=/run/user/1000/kelp/kelp.sock", "SocketMode=0600", "DirectoryMode=0700");
        assertThat(systemd.active).containsExactly("kelp.socket");
        assertThat(systemd.enabled).containsExactly("kelp.socket");
    }

    @Test
    void uninstallSaysWhatStays() throws IOException {
        kelp().install(false, true);
        said();
        assertThat(kelp().uninstall(List.of("buildkit.service"))).isZero();
        assertThat(said())
                .contains("[INFO] Unit buildkit.service is not installed\n")
                .contains("[INFO] Uninstalled kelp.socket\n", "[INFO] Uninstalled kelp.service\n")
                .contains("To remove data, run: `/usr/bin/kelp rootlesskit rm -rf /home/alice/.local/share/kelp`");
        assertThat(unit("kelp.service")).doesNotExist();
        assertThat(systemd.active).isEmpty();
        assertThat(systemd.enabled).isEmpty();
    }

    @Test
    void otherInitsGetFiles() throws IOException {
        for (InitFiles init : InitFiles.values()) {
            Path folder = root.resolve("files-" + init);
            assertThat(kelp().initFiles(init, folder.toString())).isZero();
            try (var files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isExecutable)
                        .filter(Files::isRegularFile)
                        .toList()) {
                    assertThat(file).content().contains("HOME=/home/alice", "XDG_RUNTIME_DIR=/run/user/1000");
                    Programs.Answer answer = new SystemPrograms().run(List.of("sh", "-n", file.toString()));
                    assertThat(answer.text()).as(init.toString()).isEmpty();
                }
            }
        }
        assertThat(said()).contains("rc-update add kelp-alice default");
        assertThat(kelp().initFiles(InitFiles.RUNIT, "")).isZero();
        assertThat(said()).startsWith("# ---- /etc/sv/kelp-alice/run (mode 755)\n#!/bin/sh\n");
    }
}
