// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A data root without any space left: what adds things says so, what ends and removes things works.
@Tag("e2e")
class FullDiskTest {
    private static final String SERVICE = "trap 'exit 7' TERM; while :; do sleep 0.05; done";

    @Test
    void whatEndsAndRemovesThingsWorks() throws IOException {
        Assumptions.assumeTrue(Folders.isRoot(), "only root may mount a small file system");
        try (KelpCli kelp = new KelpCli()) {
            Files.createDirectory(kelp.dataRoot());
            Program.of(
                            "mount",
                            "-t",
                            "tmpfs",
                            "-o",
                            "size=16m,mode=0700",
                            "tmpfs",
                            kelp.dataRoot().toString())
                    .run()
                    .succeeded();
            try {
                work(kelp);
                kelp.run("system", "stop").succeeded();
            } finally {
                Program.of("umount", "-l", kelp.dataRoot().toString()).run().succeeded();
            }
        }
    }

    private static void work(KelpCli kelp) throws IOException {
        kelp.pull(busybox());
        kelp.run("create", "--name", "made", "--net=host", busybox(), "true").succeeded();
        kelp.run("run", "-d", "--name", "runs", "--net=host", busybox(), "sh", "-c", SERVICE)
                .succeeded();
        Path filler = kelp.dataRoot().resolve("filler");
        fill(filler);
        for (List<String> adding : List.of(
                List.of("pull", Engines.registry().push(Engines.images().layered(3), "more:latest")),
                List.of("create", "--net=host", busybox(), "true"),
                List.of("run", "--rm", "--net=host", busybox(), "true"),
                List.of("start", "made"))) {
            Outcome outcome = kelp.run(adding.toArray(String[]::new));
            assertThat(outcome.exitCode()).as(outcome.toString()).isNotZero();
            assertThat(outcome.err()).containsAnyOf("No space left", "is full");
        }
        assertThat(kelp.run("exec", "runs", "echo", "in").succeeded().text()).isEqualTo("in");
        Program.of("kill", "-9", Long.toString(kelp.daemonPid())).run().succeeded();
        assertThat(kelp.run("ps", "-a", "--format", "{{.Names}}").succeeded().lines())
                .containsExactlyInAnyOrder("made", "runs");
        kelp.run("stop", "runs").succeeded();
        assertThat(kelp.run("inspect", "--format", "{{.State.ExitCode}}", "runs")
                        .text())
                .isEqualTo("7");
        Program.of("kill", "-9", Long.toString(kelp.holderPid())).run().succeeded();
        kelp.run("rm", "made", "runs").succeeded();
        Files.delete(filler);
        assertThat(kelp.run("run", "--rm", "--net=host", busybox(), "echo", "again")
                        .succeeded()
                        .text())
                .isEqualTo("again");
        assertThat(new Leftovers(kelp).withoutContainers()).isEmpty();
    }

    private static void fill(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space");
        }
    }
}
