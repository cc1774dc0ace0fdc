// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.cli.FakeClient;
import dev.kelp.cli.FakeEngine;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompletionTest {
    private final FakeEngine engine = new FakeEngine();

    @TempDir
    private Path directory;

    private FakeClient client;

    private int kelp(String... words) {
        client = new FakeClient(directory, words);
        return Shell.execute(client, engine);
    }

    private List<String> candidates(String line) {
        assertThat(kelp("__complete", line)).isZero();
        return client.outText().lines().map(l -> l.split("\t", 2)[0]).toList();
    }

    @BeforeEach
    void fill() {
        engine.images().add("alpine:3");
        assertThat(kelp("create", "--name", "box", "alpine:3")).isZero();
        assertThat(kelp("volume", "create", "files")).isZero();
        assertThat(kelp("network", "create", "backend")).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        kelp ru                             | run
        kelp image                          | image images
        kelp image pru                      | prune
        kelp --names                        | --namespace
        kelp --namespace other image pru    | prune
        kelp run --memory-s                 | --memory-swap --memory-swappiness
        kelp run --network=b                | --network=backend --network=bridge
        kelp run --network container:       | container:box
        kelp run -it --restart un           | unless-stopped
        kelp run -d al                      | alpine:3
        kelp run alpine:3 b                 |
        kelp exec -it b                     | box
        kelp start b                        | box
        kelp start box b                    | box
        kelp volume rm f                    | files
        kelp network rm back                | backend
        kelp stop -t 3 b                    | box
        kelp stop 'b                        | box
        kelp run -v fi                      | files
        kelp run --pid con                  | container:box
        kelp namespace rm def               | default
        kelp volume create x --lab          | --label
        kelp nothing x                      |
        kelp completion zzz                 |
        """)
    void completes(String line, String expected) {
        assertThat(candidates(line))
                .containsExactlyInAnyOrderElementsOf(expected == null ? List.of() : Arrays.asList(expected.split(" ")));
    }

    @Test
    void tellsTheCommandsOfALevel() {
        assertThat(candidates("kelp ")).contains("run", "ps", "image", "help").doesNotContain("__complete", "ls");
        assertThat(candidates("kelp help image ")).contains("ls", "prune").doesNotContain("run");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish", "powershell"})
    void printsAScript(String shell) {
        assertThat(kelp("completion", shell)).isZero();
        assertThat(client.outText()).contains("kelp __complete").doesNotContain("@NAME@");
    }

    @Test
    void knowsFourShells() {
        assertThat(kelp("completion", "tcsh")).isEqualTo(1);
        assertThat(client.errText()).contains("unknown shell `tcsh`").contains("powershell");
    }
}
