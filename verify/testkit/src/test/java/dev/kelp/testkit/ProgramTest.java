// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramTest {
    @Test
    void leavesNothingOfWhatItStartedBehindAtItsTimeout(@TempDir Path folder) throws Exception {
        Path pid = folder.resolve("pid");
        Program.Running running = Program.of("sh", "-c", "sleep 1000 & echo $! >new; mv new pid; wait")
                .directory(folder)
                .timeoutSeconds(1)
                .start();
        while (!Files.exists(pid)) {
            Thread.sleep(10);
        }
        ProcessHandle child =
                ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
        assertThatThrownBy(running::await).isInstanceOf(AssertionError.class).hasMessageContaining("still running");
        child.onExit().get(60, TimeUnit.SECONDS);
        assertThat(child.isAlive()).isFalse();
    }
}
