// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceTest {
    private static final String PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    @TempDir
    Path run;

    private Map<String, String> launcher() {
        return Instance.of(Map.of(
                        "KELP_DATA_ROOT",
                        "/data",
                        "KELP_RUN_ROOT",
                        run.toString(),
                        "KELP_ROOT",
                        "/kelp",
                        "KELP_HOST_UID",
                        "1000",
                        "KELP_HOST_GID",
                        "1000",
                        "KELP_IDS",
                        "0 1000 1",
                        "KELP_GIDS",
                        "0 1000 1",
                        PREFIX + "NET",
                        "pasta",
                        PREFIX + "MTU",
                        "1400"))
                .launcher();
    }

    @Test
    void whatAServiceHandedOverStandsInThePlaceOfTheHoldersVariables() throws IOException {
        assertThat(launcher()).containsOnlyKeys(PREFIX + "NET", PREFIX + "MTU");
        Files.writeString(
                run.resolve("environment"), PREFIX + "NET=slirp4netns\nPATH=/bin\n" + PREFIX + "FLAGS=--a=b\n");
        assertThat(launcher())
                .containsOnly(Map.entry(PREFIX + "NET", "slirp4netns"), Map.entry(PREFIX + "FLAGS", "--a=b"));
        Files.writeString(run.resolve("environment"), "");
        assertThat(launcher()).isEmpty();
    }
}
