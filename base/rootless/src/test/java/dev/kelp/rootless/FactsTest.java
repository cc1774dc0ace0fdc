// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    void usesADelegatedSubtreeOfTheUnifiedHierarchy(@TempDir Path root) throws Exception {
        Path own = Files.createDirectories(root.resolve("user.slice/kelp.service"));
        Files.writeString(own.resolve("cgroup.controllers"), "cpu memory pids\n");
        Files.writeString(own.resolve("cgroup.procs"), "");
        Files.writeString(own.resolve("cgroup.subtree_control"), "");
        CgroupAccess found = CgroupAccess.detect(root, List.of("0::/user.slice/kelp.service"), false);
        assertThat(found.driver()).isEqualTo(CgroupAccess.Driver.CGROUPFS);
        assertThat(found.controllers()).containsExactlyInAnyOrder("cpu", "memory", "pids");
        assertThat(CgroupAccess.detect(root, List.of("0::/user.slice/kelp.service"), true)
                        .driver())
                .isEqualTo(CgroupAccess.Driver.SYSTEMD);
    }

    @Test
    void usesNoneOnHybridHostsAndWithoutDelegation(@TempDir Path root) throws Exception {
        Files.writeString(root.resolve("cgroup.controllers"), "\n");
        assertThat(CgroupAccess.detect(root, List.of("4:memory:/x", "1:name=systemd:/", "0::/"), true))
                .isEqualTo(CgroupAccess.none());
        assertThat(CgroupAccess.detect(root, List.of("0::/"), false)).isEqualTo(CgroupAccess.none());
        assertThat(CgroupAccess.detect(root, List.of("0::/elsewhere"), true)).isEqualTo(CgroupAccess.none());
    }
}
