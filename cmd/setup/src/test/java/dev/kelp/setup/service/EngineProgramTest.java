// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.check.TestMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineProgramTest {
    private static final String SETUP_TOOL = "containerd-rootless-setuptool.sh";

    @TempDir
    Path root;

    private Path program(String called, Path workingDirectory) throws IOException {
        return EngineProgram.of(
                        new TestMachine(root)
                                .variable("PATH", "/usr/bin")
                                .variable("KELP_CALLED_AS", called)
                                .machine(),
                        workingDirectory)
                .kelp();
    }

    private Path executable(String name) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, "#!/bin/sh\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    @Test
    void aCloneIsCalledByItsScript() throws IOException {
        Path script = executable("clone/kelp");
        assertThat(program("./kelp", root.resolve("clone"))).isEqualTo(script);
        Path link = Files.createDirectories(root.resolve("home/alice/bin")).resolve(SETUP_TOOL);
        Files.createSymbolicLink(link, script);
        assertThat(program(link.toString(), root)).isEqualTo(script.toRealPath());
    }

    /// Root's copy of the clone's program, in a folder only root can enter, is nothing for another user's service.
    @Test
    void aCloneIsCalledByItsScriptForAnotherUserToo() throws IOException {
        Path script = executable("clone/kelp");
        assertThat(EngineProgram.of(
                                new TestMachine(root)
                                        .variable("KELP_CALLED_AS", "./kelp")
                                        .askedByRoot(),
                                root.resolve("clone"))
                        .kelp())
                .isEqualTo(script);
    }

    /// The link in /usr/bin stays where an upgrade replaces what it leads to.
    @Test
    void anInstalledOneIsCalledByTheNameInTheSearchPath() throws IOException {
        Path real = executable("usr/lib/kelp/bin/kelp");
        Path link = Files.createDirectories(root.resolve("usr/bin")).resolve("kelp");
        Files.createSymbolicLink(link, real);
        Files.createSymbolicLink(link.resolveSibling(SETUP_TOOL), real);
        assertThat(program("kelp", root)).isEqualTo(link);
        assertThat(program(SETUP_TOOL, root)).isEqualTo(link);
    }

    @Test
    void whoIsNotKnownIsTheInstalledTree() throws IOException {
        assertThat(program("", root)).isEqualTo(Path.of("/usr/lib/kelp/bin/kelp"));
    }
}
