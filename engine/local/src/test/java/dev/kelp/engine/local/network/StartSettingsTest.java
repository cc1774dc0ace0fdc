// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.network.Networking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What counts when containers outlive the holder whose settings they were started with.
class StartSettingsTest {
    private static final String PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    @TempDir
    private Path run;

    private Path pin;

    @BeforeEach
    void pin() throws IOException {
        pin = Files.createFile(run.resolve("netns"));
    }

    @Test
    void theNamespaceKeepsTheSettingsItWasMadeWith() {
        new StartSettings(Map.of(PREFIX + "NET", "none", PREFIX + "STATE_DIR", "/before", "PATH", "/bin"), pin).keep();
        StartSettings later = new StartSettings(
                Map.of(PREFIX + "NET", "none", PREFIX + "DETACH_NETNS", "false", PREFIX + "STATE_DIR", "/now"), pin);
        assertThat(later.detaches()).isTrue();
        assertThat(later.read().hasWayOut()).isFalse();
        assertThat(later.read().stateFolder()).contains(Path.of("/now"));
        List<String> said = later.shortfalls(Networking.DEFAULT);
        assertThat(said).hasSize(1);
        assertThat(said.getFirst())
                .contains(PREFIX + "DETACH_NETNS: counts when no container runs")
                .doesNotContain("STATE_DIR");
        assertThat(later.shortfalls(Networking.DEFAULT)).isEmpty();
    }

    @Test
    void anotherNamespaceHasOtherSettings() throws IOException {
        new StartSettings(Map.of(PREFIX + "NET", "none"), pin).keep();
        Path other = Files.createFile(run.resolve("other"));
        Files.move(other, pin, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        StartSettings later = new StartSettings(Map.of(PREFIX + "DETACH_NETNS", "false"), pin);
        assertThat(later.detaches()).isFalse();
        assertThat(later.read().hasWayOut()).isTrue();
    }

    @Test
    void whatCannotBeReadDoesNotCount() throws IOException {
        Files.writeString(run.resolve("netns.json"), "{ not json");
        assertThat(new StartSettings(Map.of(PREFIX + "DETACH_NETNS", "0"), pin).detaches())
                .isFalse();
    }

    @Test
    void portsAreRefusedWhenNothingPublishesThem() {
        StartSettings none = new StartSettings(Map.of(PREFIX + "PORT_DRIVER", "none", PREFIX + "NET", "none"), pin);
        assertThat(none.shortfalls(Networking.DEFAULT)).isEmpty();
        Networking all = new Networking(List.of(), List.of(), true, List.of());
        assertThatThrownBy(() -> none.shortfalls(all)).hasMessageContaining("the port driver is none");
    }
}
