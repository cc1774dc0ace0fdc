// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FactsTest {
    @Test
    void readsSubordinateRangesByNameAndNumberAndSkipsOtherLines() {
        String text = "# c\nalice:100000:65536\nbob:1:2\n1000:300000:10\nalice:x:1\nalice:1:0\nalice:1\n";
        assertThat(SubordinateIds.parse(text, "alice", 1000))
                .containsExactly(new SubordinateIds.Range(100000, 65536), new SubordinateIds.Range(300000, 10));
        assertThat(SubordinateIds.parse(text, "carol", 7)).isEmpty();
    }

    @Test
    void namesTheLayerThatKeepsAController(@TempDir Path root) throws Exception {
        Path slice = Files.createDirectories(root.resolve("user.slice"));
        Path service = Files.createDirectories(slice.resolve("user@1000.service"));
        Files.writeString(root.resolve("cgroup.controllers"), "cpu memory pids\n");
        Files.writeString(slice.resolve("cgroup.controllers"), "cpu memory\n");
        Files.writeString(service.resolve("cgroup.controllers"), "memory\n");
        CgroupAccess access =
                new CgroupAccess(CgroupAccess.Driver.SYSTEMD, "/user.slice/user@1000.service", Set.of("memory"));
        assertThat(access.lacking(root, "io")).isEqualTo("the kernel does not have it in cgroup v2");
        assertThat(access.lacking(root, "pids")).isEqualTo(root + " has it and does not hand it on to user.slice");
        assertThat(access.lacking(root, "cpu"))
                .isEqualTo(slice + " has it and does not hand it on to user@1000.service");
    }

    @Test
    void countsWhatWasKilledForMemory(@TempDir Path group) throws Exception {
        assertThat(CgroupAccess.memoryKills(group)).isZero();
        Files.writeString(
                group.resolve("memory.events"), "low 0\nhigh 0\nmax 151\noom 4\noom_kill 3\noom_group_kill 9\n");
        assertThat(CgroupAccess.memoryKills(group)).isEqualTo(3);
        assertThat(CgroupAccess.none().memoryKills()).isZero();
    }

    @Test
    void knowsItsOwnScopeWhereverItIsInIt() {
        String systemd = "/user.slice/user-1000.slice/user@1000.service";
        assertThat(CgroupDelegation.isOwnScope(systemd + "/user.slice/kelp-engine-7.scope", systemd))
                .isTrue();
        assertThat(CgroupDelegation.isOwnScope(systemd + "/user.slice/kelp-engine-7.scope/engine", systemd))
                .isTrue();
        assertThat(CgroupDelegation.isOwnScope(systemd + "/app.slice/kelp.service", systemd))
                .isFalse();
        assertThat(CgroupDelegation.isOwnScope("/user.slice/user-1000.slice/session-1.scope", systemd))
                .isFalse();
        assertThat(CgroupDelegation.base("/a/engine")).isEqualTo("/a");
        assertThat(CgroupDelegation.base("/a")).isEqualTo("/a");
    }

    @Test
    void findsTheUsersSystemdByItsBusAndItsCgroup(@TempDir Path root) throws Exception {
        Path cgroups = Files.createDirectory(root.resolve("cgroup"));
        Path folder = Files.createDirectories(root.resolve("run/1000/systemd"));
        Files.createFile(folder.resolve("private"));
        Files.createFile(root.resolve("run/1000/bus"));
        assertThat(UserSystemd.of(root.resolve("run"), cgroups, 1000)).isEmpty();
        Files.createDirectories(cgroups.resolve("user.slice/user-1000.slice/user@1000.service"));
        assertThat(UserSystemd.of(root.resolve("run"), cgroups, 1000))
                .contains(new UserSystemd(1000, "/user.slice/user-1000.slice/user@1000.service"));
        assertThat(UserSystemd.of(root.resolve("run"), cgroups, 1001)).isEmpty();
        assertThat(UserSystemd.environment(7))
                .containsExactly("XDG_RUNTIME_DIR=/run/user/7", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/7/bus");
    }
}
