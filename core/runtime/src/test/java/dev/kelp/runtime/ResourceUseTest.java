// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResourceUseTest {
    @Test
    void readsACgroup(@TempDir Path dir) throws Exception {
        Files.writeString(dir.resolve("cpu.stat"), "usage_usec 1500\nuser_usec 1000\n");
        Files.writeString(dir.resolve("memory.current"), "10000000\n");
        Files.writeString(dir.resolve("memory.stat"), "anon 1\ninactive_file 4000000\n");
        Files.writeString(dir.resolve("memory.max"), "20000000\n");
        Files.writeString(dir.resolve("io.stat"), "8:0 rbytes=100 wbytes=7 rios=1\n8:16 rbytes=1 wbytes=2 rios=1\n");
        Files.writeString(dir.resolve("pids.current"), "3\n");
        assertThat(ResourceUse.ofCgroup(dir, OptionalLong.empty(), OptionalLong.of(5)))
                .isEqualTo(new ResourceUse(
                        1_500_000,
                        6_000_000,
                        OptionalLong.of(20_000_000),
                        OptionalLong.empty(),
                        OptionalLong.of(5),
                        OptionalLong.of(101),
                        OptionalLong.of(9),
                        3,
                        true));
    }

    @Test
    void withoutALimitOrControllersSaysSo(@TempDir Path dir) throws Exception {
        Files.writeString(dir.resolve("cpu.stat"), "usage_usec 1\n");
        Files.writeString(dir.resolve("memory.max"), "max\n");
        Files.writeString(dir.resolve("cgroup.threads"), "1\n2\n");
        ResourceUse use = ResourceUse.ofCgroup(dir, OptionalLong.empty(), OptionalLong.empty());
        assertThat(use.memoryLimitBytes()).isEmpty();
        assertThat(use.readBytes()).isEmpty();
        assertThat(use.processes()).isEqualTo(2);
    }
}
