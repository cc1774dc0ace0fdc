// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static dev.kelp.runtime.ContainerFixture.sh;
import static dev.kelp.runtime.ContainerFixture.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Resources;
import dev.kelp.model.container.Security;
import dev.kelp.runtime.spec.Capability;
import dev.kelp.runtime.spec.SeccompProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What holds inside: each claim of the configuration is looked at from within a container.
@Timeout(60)
class SecurityKernelTest {
    private static final String STATUS =
            "grep -E '^(CapEff|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status";

    /// Calls keyctl(2), clone3(2), unshare(2) and a number no kernel has, and prints errno of each.
    private static final String PROBE = """
            #include <stdio.h>
            #include <errno.h>
            #include <unistd.h>
            #include <sys/syscall.h>
            #include <sys/socket.h>
            static void probe(const char *name, long r) { printf("%s %d\\n", name, r < 0 ? errno : 0); }
            int main(void) {
                probe("keyctl", syscall(SYS_keyctl, 0, -3, 0));
                probe("clone3", syscall(435, 0, 0));
                probe("unshare", syscall(SYS_unshare, 0x10000000));
                probe("clone", syscall(SYS_clone, 0x10000000 | 17, 0, 0, 0, 0));
                probe("unknown", syscall(9999));
                probe("alg", socket(38, 5, 0));
                probe("vsock", socket(40, 1, 0));
                probe("inet", socket(2, 1, 0));
                probe("personality", syscall(SYS_personality, 0xffffffffL));
                return 0;
            }
            """;

    private static ContainerFixture f;

    @BeforeAll
    static void start() throws Exception {
        f = new ContainerFixture();
        Path source = f.root.resolve("probe.c");
        Files.writeString(source, PROBE);
        Process cc = new ProcessBuilder(
                        "cc", "-static", "-o", f.rootfs.resolve("bin/probe").toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(cc.waitFor()).as("the compiler's exit code").isZero();
    }

    @AfterAll
    static void stop() throws Exception {
        f.close();
    }

    private static ContainerSpec network(ContainerSpec s, String mode) {
        return with(
                s,
                new Isolation(
                        mode,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of("db:10.0.0.7"),
                        List.of(),
                        List.of(),
                        List.of(),
                        Map.of()));
    }

    private static ContainerSpec sysctl(ContainerSpec s, String name, String value) {
        return with(
                s,
                new Isolation(
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        Map.of(name, value)));
    }

    private static ContainerSpec mounts(ContainerSpec s, MountSpec... mounts) {
        return new ContainerSpec(
                s.image(),
                s.rootfs(),
                s.name(),
                s.platform(),
                s.labels(),
                s.annotations(),
                s.process(),
                s.isolation(),
                s.security(),
                List.of(mounts),
                s.resources(),
                s.lifecycle(),
                s.logging());
    }

    private String status(ContainerSpec s, String runtime) throws Exception {
        var outcome = f.run(s, runtime);
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome.out().replace("\t", " ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void hasDockersCapabilitiesAndASeccompFilter(String runtime) throws Exception {
        assertThat(status(sh(STATUS), runtime)).isEqualTo("""
                        CapInh: 0000000000000000
                        CapEff: 00000000a80425fb
                        CapBnd: 00000000a80425fb
                        CapAmb: 0000000000000000
                        NoNewPrivs: 0
                        Seccomp: 2
                        """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void refusesSystemCallsWithTheRightErrno(String runtime) throws Exception {
        var outcome = f.run(sh("/bin/probe; unshare -U true; echo $?"), runtime);
        assertThat(outcome.out())
                .isEqualTo("keyctl 1\nclone3 38\nunshare 1\nclone 1\nunknown 38\nalg 1\nvsock 1\ninet 0\n"
                        + "personality 0\n1\n");
    }

    @Test
    void aFilterCompiledBeforeConfinesAsWell() throws Exception {
        Path filters = f.instance.dataRoot().resolve("seccomp");
        f.run(sh("true"));
        try (var files = Files.list(filters)) {
            assertThat(files).as("filters crun compiled").isNotEmpty();
        }
        f.restartDaemon();
        String profile = SeccompProfile.defaultJson(Capability.DEFAULT);
        assertThat(f.tasks
                        .compiledSeccomp(Programs.ociRuntime(Optional.empty()))
                        .of(profile))
                .isPresent();
        refusesSystemCallsWithTheRightErrno("crun");
        assertThat(status(sh(STATUS), "crun")).contains("Seccomp: 2");
    }

    @Test
    void addsAndDropsCapabilities() throws Exception {
        Security security = new Security(
                false,
                false,
                List.of("SYS_ADMIN", "cap_net_admin"),
                List.of("ALL"),
                false,
                null,
                null,
                false,
                List.of());
        assertThat(status(with(sh(STATUS), security), "crun"))
                .contains("CapEff: 0000000000201000")
                .contains("NoNewPrivs: 0")
                .contains("Seccomp: 2");
        Security privileged = new Security(true, false, List.of(), List.of(), null, null, null, false, List.of());
        assertThat(status(with(sh(STATUS + "; mount -t tmpfs x /tmp && echo mounted"), privileged), "crun"))
                .contains("CapEff: 000001ffffffffff")
                .contains("Seccomp: 0")
                .contains("mounted");
    }

    @Test
    void anOrdinaryUserHasNoEffectiveCapabilities() throws Exception {
        ContainerSpec spec = sh("id; umask; pwd; echo $HOME; " + STATUS)
                .withProcess(p -> new ContainerSpec.ProcessSpec(
                        p.command(), null, List.of(), "alice", "/srv/deep", false, false, false, List.of("7"), 0027));
        String text = status(spec, "crun");
        assertThat(text)
                .contains("uid=1000(alice) gid=1000(alice) groups=7,44(video),1000(alice)")
                .contains("0027\n/srv/deep\n/home/alice\n")
                .contains("CapEff: 0000000000000000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void masksPathsAndKeepsSysctlsReadOnly(String runtime) throws Exception {
        var outcome = f.run(
                sh("wc -c </proc/interrupts; wc -c </proc/timer_list;"
                        + " echo x >/proc/sys/kernel/domainname || echo refused;"
                        + " touch /sys/x || echo sys refused"),
                runtime);
        assertThat(outcome.out()).as(outcome.err()).isEqualTo("0\n0\nrefused\nsys refused\n");
    }

    @Test
    void canHaveAReadOnlyRootWithWritableTmpfs() throws Exception {
        Security security = new Security(false, true, List.of(), List.of(), null, null, null, false, List.of());
        ContainerSpec spec = mounts(
                with(sh("touch /x || echo ro; touch /scratch/y && echo rw; grep ' /scratch ' /proc/mounts"), security),
                new MountSpec("tmpfs", null, "/scratch", List.of("size=1m", "exec"), null, null));
        var outcome = f.run(spec);
        assertThat(outcome.out())
                .startsWith("ro\nrw\n")
                .contains("nosuid,nodev")
                .contains("size=1024k");
        assertThat(outcome.out()).doesNotContain("noexec");
    }

    @Test
    void bindsReadOnlyAndWritable() throws Exception {
        Path dir = Files.createDirectories(f.root.resolve("shared"));
        Files.writeString(dir.resolve("in"), "content\n");
        ContainerSpec spec = mounts(
                sh("cat /a/in; touch /a/x || echo ro; echo new >/b/out; touch /c/x || echo rro"),
                new MountSpec("bind", dir.toString(), "/a", List.of("ro"), null, null),
                new MountSpec("bind", dir.toString(), "/c", List.of("rro"), null, null),
                new MountSpec("bind", dir.toString(), "/b", List.of("rw", "Z"), null, null));
        for (String runtime : List.of("crun", "runc")) {
            var outcome = f.run(spec, runtime);
            assertThat(outcome.out()).as(outcome.err()).isEqualTo("content\nro\nrro\n");
            assertThat(dir.resolve("out")).hasContent("new");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void runsInTheHostsNetworkWithItsFiles(String runtime) throws Exception {
        String own = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
        var outcome = f.run(
                network(
                        sh("readlink /proc/self/ns/net; hostname; cat /etc/hosts; touch /sys/x || echo refused;"
                                + " touch /sys/fs/cgroup/x || echo refused"),
                        "host"),
                runtime);
        assertThat(outcome.out())
                .as(outcome.err())
                .startsWith(own + "\nmachine\n")
                .contains("10.0.0.7\tdb\n");
        assertThat(outcome.out()).endsWith("refused\nrefused\n");
    }

    @Test
    void hasANetworkOfItsOwnWithLoopbackOnly() throws Exception {
        var outcome = f.run(network(
                sh("ls /sys/class/net; hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /etc/hostname"),
                "none"));
        assertThat(outcome.out().lines().toList()).first().isEqualTo("lo");
        assertThat(outcome.out()).contains("\n0\n");
    }

    @Test
    void setsSysctlsOfItsNamespacesOnly() throws Exception {
        assertThat(f.run(sysctl(sh("cat /proc/sys/kernel/msgmax"), "kernel.msgmax", "12345"))
                        .out())
                .isEqualTo("12345\n");
        assertThatThrownBy(() -> f.create(sysctl(sh("true"), "kernel.panic", "1")))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("does not belong to a namespace");
    }

    @Test
    void limitsResources() throws Exception {
        Resources resources = new Resources(
                0, 0, 0, 0, 0, 0, null, null, 0, 0, null, 8 << 20, Map.of("nofile", "100:200", "core", "0"));
        var outcome = f.run(with(sh("ulimit -Sn; ulimit -Hn; ulimit -c; grep /dev/shm /proc/mounts"), resources));
        assertThat(outcome.out()).startsWith("100\n200\n0\n").contains("size=8192k");
    }

    @Test
    void sharesThePidNamespaceOfTheHostWhenAsked() throws Exception {
        Isolation isolation = new Isolation(
                null, "host", null, null, null, null, null, List.of(), List.of(), List.of(), List.of(), Map.of());
        var outcome = f.run(with(sh("readlink /proc/self/ns/pid; ls -d /proc/$$"), isolation));
        assertThat(outcome.out())
                .as(outcome.err())
                .startsWith(Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString());
    }

    @Test
    void takesDockersProfiles() throws Exception {
        String profile = """
                {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
                  {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":13}]}""";
        Security security = new Security(false, false, List.of(), List.of(), null, profile, null, false, List.of());
        var outcome = f.run(with(sh("/bin/busybox mkdir /tmp/d; echo $?"), security));
        assertThat(outcome.err()).contains("Permission denied");
        assertThat(outcome.out()).isEqualTo("1\n");
    }

    @Test
    void aContainerHoldsNoDescriptorOfTheEngine() throws IOException, Exception {
        ContainerTask task = f.create(sh("ls -l /proc/self/fd | grep -v /proc/ | wc -l; ls /proc/1/fd | wc -l"));
        task.start();
        assertThat(task.exit().get(10, TimeUnit.SECONDS)).isZero();
        // total line, 0, 1, 2 of ls; 0, 1, 2 of the shell (10 may be its own script descriptor)
        assertThat(f.logText(task.id(), false).lines().toList().getLast()).isEqualTo("3");
        task.delete();
    }
}
