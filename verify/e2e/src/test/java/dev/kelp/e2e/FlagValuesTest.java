// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Values that nobody should type, for every flag that there is.
@Tag("e2e")
class FlagValuesTest {
    private static final int PARTS = 2;
    private static final int TIMEOUT_SECONDS = 1800;

    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        kelp = Engines.kelp();
    }

    @AfterAll
    static void close() {
        kelp.close();
    }

    private static String script() throws IOException {
        try (InputStream in = Objects.requireNonNull(FlagValuesTest.class.getResourceAsStream("/flag-values.sh"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void everyFlagIsAcceptedOrRefusedInASentence(@TempDir Path folder) throws Exception {
        kelp.run("run", "-d", "--name", "target", "--net=none", busybox(), "sleep", "100000")
                .succeeded();
        List<Program.Running> parts = new ArrayList<>();
        for (int part = 0; part < PARTS; part++) {
            parts.add(Program.of("bash", "-c", script(), "flag-values.sh", "" + part, "" + PARTS)
                    .environment(kelp.environment())
                    .environment(Map.of(
                            "KELP",
                            kelp.binary().toString(),
                            "IMG",
                            busybox(),
                            "REG",
                            Engines.registry().host(),
                            "NAME",
                            "target"))
                    .directory(folder)
                    .timeoutSeconds(TIMEOUT_SECONDS)
                    .start());
        }
        StringBuilder wrong = new StringBuilder();
        int tried = 0;
        for (Program.Running part : parts) {
            Outcome outcome = part.await();
            wrong.append(outcome.out());
            assertThat(outcome.err()).matches("(?s).*tried \\d+ flags\n");
            tried += Integer.parseInt(outcome.err().replaceFirst("(?s).*tried (\\d+) flags\n", "$1"));
        }
        assertThat(wrong.toString()).isEmpty();
        assertThat(tried).as("flags that were tried").isGreaterThan(400);
        assertThat(kelp.run("ps", "-aq").succeeded().lines())
                .as("nothing but what was there is left")
                .hasSize(1);
        kelp.run("system", "restart").succeeded();
        assertThat(kelp.run("ps", "-q").succeeded().lines())
                .as("whatever was kept is read again")
                .hasSize(1);
        for (String list : List.of("volume", "network", "secret", "namespace", "image")) {
            kelp.run(list, "ls").succeeded();
        }
    }
}
