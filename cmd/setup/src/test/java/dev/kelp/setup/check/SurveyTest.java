// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.check.Finding.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Machines that are broken in one thing each.
class SurveyTest {
    @TempDir
    Path root;

    private TestMachine machine;

    @BeforeEach
    void build() throws IOException {
        machine = new TestMachine(root);
    }

    private Finding finding(String name) {
        return Survey.of(machine.machine()).named(name);
    }

    private static List<String> commands(Finding finding) {
        return finding.remedies().stream().flatMap(r -> r.commands().stream()).toList();
    }

    /// The files of a test belong to whoever runs it, and lie on his disk.
    private static boolean isOfTheRealMachine(Finding f) {
        return f.reason().contains("belongs to uid") || f.reason().contains(": only ");
    }

    @Test
    void nothingIsWrongWithAMachineThatIsWell() {
        Survey survey = Survey.of(machine.machine());
        assertThat(survey.ready()).isTrue();
        assertThat(survey.checks())
                .filteredOn(f -> f.isTrouble() && !isOfTheRealMachine(f))
                .isEmpty();
        assertThat(survey.named("runtime").reason()).isEqualTo("crun version 1.8.1, conmon version 2.1.6");
        assertThat(survey.named("subordinate ids").reason()).isEqualTo("65536 uids, 65536 gids");
    }

    @Test
    void namesOfChecksDiffer() {
        assertThat(Survey.of(machine.machine()).checks())
                .extracting(Finding::name)
                .doesNotHaveDuplicates();
    }

    @Test
    void noSubordinateIdsAreAFreeRange() throws IOException {
        machine.file("/etc/subuid", "bob:100000:65536\n").file("/etc/subgid", "bob:100000:65536\ncarol:300000:1000\n");
        Finding f = finding("subordinate ids");
        assertThat(f.state()).isEqualTo(State.WARNING);
        assertThat(f.reason()).contains("none for alice in /etc/subuid");
        assertThat(commands(f))
                .containsExactly("usermod --add-subuids 301000-366535 --add-subgids 301000-366535 alice");
    }

    @Test
    void subordinateIdsOfTwoUsersAreToldApart() throws IOException {
        machine.file("/etc/subuid", "bob:100000:65536\nalice:165535:65536\n");
        assertThat(finding("subordinate ids").reason()).contains("also bob's");
    }

    @Test
    void aNameServiceMayHaveTheIds() throws IOException {
        machine.file("/etc/subuid", "")
                .file("/etc/subgid", "")
                .program("getsubids")
                .answer("getsubids", 0, "0: alice 200000 65536\n");
        assertThat(finding("subordinate ids").state()).isEqualTo(State.OK);
    }

    @Test
    void whoIsInNoFileGetsALineOfHisOwn() throws IOException {
        machine.file("/etc/passwd", "").file("/etc/subuid", "").file("/etc/subgid", "");
        assertThat(commands(finding("subordinate ids")))
                .containsExactly("echo alice:100000:65536 >> /etc/subuid", "echo alice:100000:65536 >> /etc/subgid");
    }

    @Test
    void aNameDoesNotLeaveItsLine() {
        assertThat(Remedy.quoted("al'ice; rm -rf /\nx")).isEqualTo("'al'\\''ice; rm -rf /?x'");
        assertThat(Finding.ok("a", "b\nrm c").reason()).isEqualTo("b?rm c");
    }

    @Test
    void rootDoesNotTryForAnother() throws IOException {
        Survey survey = Survey.of(machine.askedByRoot());
        assertThat(survey.named("user namespaces").state()).isEqualTo(State.NOTE);
        machine.file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
        assertThat(Survey.of(machine.askedByRoot()).named("user namespaces").reason())
                .contains("AppArmor");
    }

    @Test
    void fewIdsAreToldByTheirNumber() throws IOException {
        machine.file("/etc/subuid", "alice:100000:1000\n");
        assertThat(finding("subordinate ids").reason()).startsWith("only 1000 for alice");
    }

    @Test
    void newuidmapComesWithAPackage() throws IOException {
        machine.without("/usr/bin/newuidmap");
        assertThat(commands(finding("subordinate ids"))).first().asString().endsWith(" uidmap");
    }

    @Test
    void userNamespacesMayBeOff() throws IOException {
        machine.file("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
        Finding f = finding("user namespaces");
        assertThat(f.state()).isEqualTo(State.ERROR);
        assertThat(commands(f)).first().asString().contains("kernel.unprivileged_userns_clone = 1");
        assertThat(Survey.of(machine.machine()).ready()).isFalse();
    }

    @Test
    void userNamespacesMayBeNone() throws IOException {
        machine.file("/proc/sys/user/max_user_namespaces", "0\n");
        assertThat(finding("user namespaces").reason()).isEqualTo("user.max_user_namespaces is 0");
    }

    @Test
    void appArmorMayRestrictThem() throws IOException {
        machine.file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")
                .answer("rootlesskit", 1, "[rootlesskit:parent] error: write uid_map: Operation not permitted\n");
        Finding f = finding("user namespaces");
        assertThat(f.reason()).contains("AppArmor");
        assertThat(commands(f)).contains("profile kelp /usr/lib/kelp/bin/kelp flags=(unconfined) {", "  userns,");
    }

    @Test
    void containersMayBeConfined() throws IOException {
        machine.file("/sys/module/apparmor/parameters/enabled", "Y\n");
        Finding f = finding("security modules");
        assertThat(f.state()).isEqualTo(State.NOTE);
        assertThat(commands(f)).containsExactly("/usr/lib/kelp/bin/kelp setup apparmor");
        machine.file("/etc/apparmor.d/kelp-default", "");
        assertThat(finding("security modules").state()).isEqualTo(State.NOTE);
        assertThat(finding("security modules").reason()).endsWith("kelp-default is installed, but not loaded");
        // the kernel's file takes the question only where the profile is loaded
        machine.file("/proc/thread-self/attr/apparmor/current", "");
        assertThat(finding("security modules").reason())
                .isEqualTo("AppArmor, with the profile kelp-default for containers");
    }

    @Test
    void appArmorDoesNotMatterWhereANamespaceWasMade() throws IOException {
        machine.file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
        assertThat(finding("user namespaces").state()).isEqualTo(State.OK);
    }

    @Test
    void anUnknownFailureIsShown() {
        machine.answer("rootlesskit", 1, "first\n[rootlesskit:parent] error: unshare: Operation not permitted\n");
        assertThat(finding("user namespaces").reason()).endsWith("unshare: Operation not permitted");
    }

    @Test
    void overlayfsIsTried() throws IOException {
        machine.file("/proc/filesystems", "nodev\ttmpfs\nnodev\toverlay\n")
                .answer("rootlesskit mount", 32, "mount: wrong fs type, bad option\n");
        Finding f = finding("overlayfs");
        assertThat(f.state()).isEqualTo(State.WARNING);
        assertThat(f.reason()).endsWith("mount: wrong fs type, bad option");
        assertThat(commands(f)).first().asString().endsWith(" fuse-overlayfs");
    }

    @Test
    void overlayfsIsNotBlamedForNamespaces() {
        machine.answer("rootlesskit", 1, "[rootlesskit:parent] error: unshare: Operation not permitted\n");
        Finding f = finding("overlayfs");
        assertThat(f.state()).isEqualTo(State.NOTE);
        assertThat(f.reason()).isEqualTo("is tried when user namespaces work");
    }

    @Test
    void overlayfsIsAModule() {
        machine.answer(
                "rootlesskit mount",
                32,
                "mount: unknown filesystem type 'overlay'.\n"
                        + "[rootlesskit:parent] error: child exited: exit status 32\n");
        Finding f = finding("overlayfs");
        assertThat(f.reason()).endsWith("mount: unknown filesystem type 'overlay'.");
        assertThat(commands(f)).first().isEqualTo("modprobe overlay");
    }

    @Test
    void controllersEndSomewhere() throws IOException {
        String slice = "/sys/fs/cgroup/user.slice/user-1000.slice";
        machine.file(slice + "/cgroup.controllers", "memory pids\n")
                .file(slice + "/user@1000.service/cgroup.controllers", "memory pids\n");
        Finding f = finding("cgroup delegation");
        assertThat(f.reason())
                .isEqualTo("cpu ends at /sys/fs/cgroup/user.slice; cpuset ends at /sys/fs/cgroup/user.slice;"
                        + " io ends at /sys/fs/cgroup/user.slice: no such limits");
        assertThat(commands(f))
                .contains("printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n'"
                        + " > /etc/systemd/system/user@.service.d/delegate.conf");
        assertThat(CgroupChecks.warnings(machine.machine()))
                .containsExactly("The cgroup v2 controller \"cpu\" is not delegated for the current user (\"" + slice
                        + "/user@1000.service/cgroup.controllers\"), see"
                        + " https://rootlesscontaine.rs/getting-started/common/cgroup2/");
    }

    @Test
    void aKernelMayLackAController() throws IOException {
        for (String layer : List.of(
                "", "/user.slice", "/user.slice/user-1000.slice", "/user.slice/user-1000.slice/user@1000.service")) {
            machine.file("/sys/fs/cgroup" + layer + "/cgroup.controllers", "cpuset cpu io pids\n");
        }
        Finding f = finding("cgroup delegation");
        assertThat(f.reason()).isEqualTo("the kernel has no memory: no such limits");
        assertThat(commands(f)).first().asString().contains("cgroup_enable=memory");
    }

    @Test
    void versionOneHasNoLimits() throws IOException {
        machine.without("/sys/fs/cgroup").file("/sys/fs/cgroup/unified/cgroup.controllers", "");
        Finding f = finding("cgroup v2");
        assertThat(f.reason()).startsWith("version 1 has the controllers");
        assertThat(commands(f)).first().asString().contains("systemd.unified_cgroup_hierarchy=1");
        assertThat(finding("cgroup delegation").state()).isEqualTo(State.NOTE);
        assertThat(CgroupChecks.warnings(machine.machine())).first().asString().startsWith("Enabling cgroup v2");
    }

    @Test
    void remediesSuitTheInitOfTheMachine() throws IOException {
        machine.without("/sys/fs/cgroup").without("/run/systemd").folder("/sys/fs/cgroup");
        assertThat(commands(finding("cgroup v2"))).isEmpty();
        assertThat(finding("cgroup v2").remedies().getFirst().after()).contains("cgroup_no_v1=all");
        machine.file("/etc/rc.conf", "#rc_cgroup_mode=\"hybrid\"\n");
        assertThat(commands(finding("cgroup v2"))).first().asString().contains("rc_cgroup_mode");
    }

    @Test
    void suLeavesNoRuntimeDirectory() throws IOException {
        machine.file("/proc/self/loginuid", "0").variable("XDG_RUNTIME_DIR", "");
        Finding f = finding("runtime directory");
        assertThat(f.reason()).isEqualTo("XDG_RUNTIME_DIR is not set, as after su or sudo");
        assertThat(commands(f)).containsExactly("export XDG_RUNTIME_DIR=/run/user/1000");
    }

    @Test
    void noSessionIsMadeByLingering() throws IOException {
        machine.without("/run/user").variable("XDG_RUNTIME_DIR", "");
        assertThat(commands(finding("runtime directory")))
                .containsExactly("loginctl enable-linger alice", "export XDG_RUNTIME_DIR=/run/user/1000");
    }

    @Test
    void withoutSystemdAFolderInTmpWillDo() throws IOException {
        machine.without("/run/user").without("/run/systemd").variable("XDG_RUNTIME_DIR", "");
        assertThat(finding("runtime directory").state()).isEqualTo(State.NOTE);
        assertThat(finding("systemd").state()).isEqualTo(State.NOTE);
        assertThat(finding("lingering").state()).isEqualTo(State.OK);
    }

    @Test
    void theUsersManagerMayNotAnswer() {
        machine.answer("systemctl", 1, "Failed to connect to bus: No medium found\n");
        assertThat(finding("systemd").reason()).endsWith("Failed to connect to bus: No medium found");
    }

    @Test
    void lingeringIsAskedFor() throws IOException {
        machine.without("/var/lib/systemd/linger/alice");
        assertThat(commands(finding("lingering"))).containsExactly("loginctl enable-linger alice");
    }

    @Test
    void devicesMayBeMissing() throws IOException {
        machine.without("/dev/net/tun");
        assertThat(commands(finding("tun"))).first().isEqualTo("modprobe tun");
    }

    @Test
    void devicesMayBeClosed() throws IOException {
        machine.mode("/dev/net/tun", "rw-------");
        Finding f = Survey.of(machine.askedByRoot()).named("tun");
        assertThat(f.reason()).startsWith("/dev/net/tun is closed to alice");
        assertThat(commands(f)).first().isEqualTo("chmod 666 /dev/net/tun");
    }

    @Test
    void anOldKernelCopies() throws IOException {
        machine.file("/proc/sys/kernel/osrelease", "5.10.0-33-amd64\n");
        assertThat(finding("kernel").reason()).contains("5.11");
        machine.file("/proc/sys/kernel/osrelease", "5.12.0\n");
        assertThat(finding("kernel").state()).isEqualTo(State.OK);
        machine.file("/sys/fs/selinux/enforce", "1");
        assertThat(finding("kernel").reason()).contains("5.13");
    }

    @Test
    void noRuntimeIsAnError() throws IOException {
        machine.without("/usr/bin/crun");
        assertThat(finding("runtime").state()).isEqualTo(State.ERROR);
        machine.program("runc")
                .answer("/usr/bin/runc", 0, "runc version 1.1.5\ncommit: v1\n")
                .without("/usr/bin/conmon");
        assertThat(finding("runtime").reason()).isEqualTo("runc version 1.1.5, but conmon is not installed");
    }

    @Test
    void noDriverIsAWarning() throws IOException {
        machine.without("/usr/bin/slirp4netns");
        assertThat(commands(finding("network driver"))).first().asString().endsWith(" slirp4netns");
    }

    @Test
    void aHomeOverTheNetworkIsNamed() throws IOException {
        machine.file("/proc/self/mountinfo", """
            24 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
            90 24 0:45 / /home rw,nosuid shared:2 - nfs4 server:/home rw,vers=4.2
            """);
        Finding f = finding("data root");
        assertThat(f.reason()).startsWith("/home/alice/.local/share/kelp is on nfs4");
        assertThat(commands(f))
                .containsExactly("install -d -m 700 -o alice /srv/kelp/alice", "export KELP_DATA_ROOT=/srv/kelp/alice");
    }

    @Test
    void nothingRunsFromNoexec() throws IOException {
        machine.file("/proc/self/mountinfo", "24 1 254:1 / / rw,noexec - ext4 /dev/vda1 rw\n");
        assertThat(finding("data root").state()).isEqualTo(State.ERROR);
    }

    @Test
    void pingAndPortsAreNotes() throws IOException {
        machine.file("/proc/sys/net/ipv4/ping_group_range", "1\t0\n")
                .file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n");
        assertThat(finding("ping").state()).isEqualTo(State.NOTE);
        assertThat(finding("ports").reason()).isEqualTo("below 1024 cannot be published");
    }

    @Test
    void yamaMayForbidLookingIntoProcesses() throws IOException {
        machine.file("/proc/sys/kernel/yama/ptrace_scope", "3\n");
        assertThat(finding("security modules").state()).isEqualTo(State.WARNING);
    }

    @Test
    void aMachineThatSaysNothingIsLookedAtToo(@TempDir Path empty) {
        Machine nothing = new Machine(
                empty, java.util.Map.of(), new User("alice", 1000, ""), false, c -> new Programs.Answer(127, ""));
        Survey survey = Survey.of(nothing);
        assertThat(survey.ready()).isFalse();
        assertThat(survey.named("data root").state()).isEqualTo(State.ERROR);
    }
}
