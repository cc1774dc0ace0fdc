// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.runtime.spec.SeccompProfile.Rule;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SeccompTest {
    /// Podman refuses every call that was new when its profile was written, and these, which Docker allows as Kelp
    /// does:
    /// reading finished asynchronous I/O with a signal mask, and vmsplice, which copies since Linux 5.8's fixes.
    private static final Set<String> ALLOWED_AS_DOCKER_DOES =
            Set.of("io_pgetevents", "io_pgetevents_time64", "vmsplice");

    private static final Set<String> NEWER_THAN_PODMANS_PROFILE = Set.of(
            "cachestat",
            "fchmodat2",
            "futex_requeue",
            "futex_wait",
            "futex_waitv",
            "futex_wake",
            "getxattrat",
            "listmount",
            "listxattrat",
            "map_shadow_stack",
            "mseal",
            "removexattrat",
            "riscv_hwprobe",
            "setxattrat",
            "statmount",
            "uretprobe");

    private static Set<String> allowed(SeccompProfile profile) {
        Set<String> names = new TreeSet<>();
        profile.syscalls().stream()
                .filter(r -> r.action().equals(SeccompProfile.ALLOW))
                .forEach(r -> names.addAll(r.names()));
        return names;
    }

    @Test
    void allowsNothingThatPodmansProfileForbids() throws Exception {
        Path theirs = Path.of("/usr/share/containers/seccomp.json");
        assumeTrue(Files.exists(theirs), "no " + theirs + " here: apt-get install golang-github-containers-common");
        for (Set<Capability> caps :
                List.of(Capability.DEFAULT, Set.<Capability>of(), EnumSet.allOf(Capability.class))) {
            Set<String> podman =
                    allowed(DockerSeccomp.parse(Files.readString(theirs), caps, "6.1.0", Architecture.AMD64));
            Set<String> ours = allowed(DefaultSeccomp.profile(caps, Architecture.AMD64));
            ours.removeAll(podman);
            ours.removeAll(ALLOWED_AS_DOCKER_DOES);
            ours.removeAll(NEWER_THAN_PODMANS_PROFILE);
            // security modules' calls and the quota call by descriptor came later too, with CAP_SYS_ADMIN only
            ours.removeAll(Set.of(
                    "lsm_get_self_attr",
                    "lsm_list_modules",
                    "lsm_set_self_attr",
                    "quotactl_fd",
                    "set_mempolicy_home_node"));
            assertThat(ours).as("allowed beyond Podman's with " + caps).isEmpty();
        }
    }

    @Test
    void capabilitiesOpenTheirCalls() {
        Set<String> plain = allowed(DefaultSeccomp.profile(Capability.DEFAULT, Architecture.AMD64));
        Set<String> admin = allowed(DefaultSeccomp.profile(EnumSet.of(Capability.CAP_SYS_ADMIN), Architecture.AMD64));
        assertThat(plain)
                .contains("chroot", "openat2", "clone", "ptrace")
                .doesNotContain(
                        "mount",
                        "unshare",
                        "setns",
                        "bpf",
                        "keyctl",
                        "clone3",
                        "io_uring_setup",
                        "userfaultfd",
                        "reboot");
        assertThat(admin).contains("mount", "unshare", "setns", "bpf", "clone3").doesNotContain("chroot", "keyctl");
    }

    @Test
    void namesNoCallInTwoUnconditionalRules() {
        for (Set<Capability> caps :
                List.of(Capability.DEFAULT, Set.<Capability>of(), EnumSet.allOf(Capability.class))) {
            for (Architecture a : List.of(Architecture.AMD64, Architecture.ARM64)) {
                List<String> all = DefaultSeccomp.profile(caps, a).syscalls().stream()
                        .filter(r -> r.args().isEmpty())
                        .flatMap(r -> r.names().stream())
                        .toList();
                assertThat(all).doesNotHaveDuplicates();
                Set<String> conditional = new TreeSet<>();
                DefaultSeccomp.profile(caps, a).syscalls().stream()
                        .filter(r -> !r.args().isEmpty())
                        .forEach(r -> conditional.addAll(r.names()));
                assertThat(conditional).doesNotContainAnyElementsOf(all);
            }
        }
    }

    @Test
    void armHasItsOwnCalls() {
        SeccompProfile arm = DefaultSeccomp.profile(Capability.DEFAULT, Architecture.ARM64);
        assertThat(allowed(arm)).contains("set_tls").doesNotContain("arch_prctl", "modify_ldt");
        assertThat(arm.architectures()).containsExactly("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM");
    }

    @Test
    void theDefaultIsWrittenOnce() {
        String a = SeccompProfile.defaultJson(Capability.DEFAULT);
        assertThat(SeccompProfile.defaultJson(EnumSet.copyOf(Capability.DEFAULT)))
                .isSameAs(a);
        assertThat(OciJson.mapper().readTree(a).get("defaultErrnoRet").asInt()).isEqualTo(38);
    }

    private static SeccompProfile docker(String json) {
        return DockerSeccomp.parse(json, Capability.DEFAULT, "5.10.0-20-amd64", Architecture.AMD64);
    }

    @Test
    void decidesConditionsOfDockersProfiles() {
        SeccompProfile p = docker("""
                {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,
                 "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
                            {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]}],
                 "syscalls":[
                  {"names":["read"],"action":"SCMP_ACT_ALLOW","args":null,"comment":"","includes":{},"excludes":{}},
                  {"name":"write","action":"SCMP_ACT_ALLOW"},
                  {"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
                  {"names":["b"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}},
                  {"names":["c"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["arm64"]}},
                  {"names":["d"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["amd64","x32"]}},
                  {"names":["e"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"5.11"}},
                  {"names":["f"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}},
                  {"names":["g"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_CHOWN","CAP_SYS_ADMIN"]}},
                  {"names":["h"],"action":"SCMP_ACT_ERRNO","errnoRet":38,
                   "args":[{"index":1,"value":18446744073709551615,"valueTwo":0,"op":"SCMP_CMP_EQ"}]}]}""");
        assertThat(p.syscalls().stream().flatMap(r -> r.names().stream()))
                .containsExactly("read", "write", "b", "d", "f", "h");
        Rule last = p.syscalls().getLast();
        assertThat(last.errnoRet()).isEqualTo(38);
        assertThat(last.args().getFirst().value()).hasToString("18446744073709551615");
        assertThat(p.architectures()).containsExactly("SCMP_ARCH_X86_64", "SCMP_ARCH_X86");
        assertThat(p.json()).contains("18446744073709551615");
    }

    @Test
    void aListenerOfTheProfilesOwnIsAsked() {
        String text =
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/b.sock\",\"listenerMetadata\":\"m\","
                        + "\"syscalls\":[{\"names\":[\"connect\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}";
        assertThat(docker(text).json()).contains("\"listenerPath\":\"/run/b.sock\"", "\"listenerMetadata\":\"m\"");
        assertThat(docker("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}").json()).doesNotContain("listener");
        assertThatThrownBy(() -> SocketRules.asking(docker(text)))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("/run/b.sock");
    }

    @Test
    void refusesWhatIsNoProfile() {
        for (String bad : List.of(
                "",
                "[]",
                "{",
                "{}",
                "{\"defaultAction\":\"ALLOW\"}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"x\"}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":7}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/" + "x".repeat(107) + "\"}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"A B\"],"
                        + "\"action\":\"SCMP_ACT_ALLOW\"}]}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\","
                        + "\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}]}")) {
            assertThatThrownBy(() -> docker(bad)).as(bad).isInstanceOf(KelpException.class);
        }
    }

    @FuzzTest
    void parsesOrRefuses(byte[] json) {
        try {
            SeccompProfile p = docker(new String(json, StandardCharsets.UTF_8));
            OciJson.mapper().readTree(p.json());
        } catch (KelpException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }
}
