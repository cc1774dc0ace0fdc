// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Program;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The script for bash, in a real bash.
@Tag("e2e")
class CompletionScriptTest {
    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        kelp = Engines.kelp();
        kelp.run("create", "--net=none", "--name", "boxed", busybox(), "true").succeeded();
    }

    @AfterAll
    static void close() {
        kelp.close();
    }

    private static List<String> replies(String line) {
        String script = "PATH=${K%/*}:$PATH; source <(kelp completion bash); COMP_LINE=$L; COMP_POINT=${#L};"
                + " _kelp; printf '%s\\n' \"${COMPREPLY[@]}\"";
        return Program.of("bash", "-c", script)
                .environment(kelp.environment())
                .environment(Map.of("K", kelp.binary().toString(), "L", line))
                .run()
                .succeeded()
                .lines();
    }

    @Test
    void completesWithNamesOfTheEngine() {
        assertThat(replies("kelp inspe")).containsExactly("inspect");
        assertThat(replies("kelp start box")).containsExactly("boxed");
        // bash takes what stands before a colon for a word that is there
        assertThat(replies("kelp run --network container:bo")).containsExactly("boxed");
        assertThat(replies("kelp exec boxed ")).containsExactly("");
        kelp.run("volume", "create", "files-of-mine").succeeded();
        kelp.run("network", "create", "front-of-mine").succeeded();
        assertThat(replies("kelp volume rm fil")).containsExactly("files-of-mine");
        assertThat(replies("kelp run -v fil")).containsExactly("files-of-mine");
        assertThat(replies("kelp network rm fro")).containsExactly("front-of-mine");
        assertThat(replies("kelp run --network=fro")).containsExactly("front-of-mine");
        String host = busybox().substring(0, busybox().indexOf(':') + 1);
        assertThat(replies("kelp rmi " + host.substring(0, 5)))
                .as("a host without its port is a whole word for bash")
                .containsExactly(busybox());
        assertThat(replies("kelp image inspect " + host))
                .containsExactly(busybox().substring(host.length()));
    }
}
