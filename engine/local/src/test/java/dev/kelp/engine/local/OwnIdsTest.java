// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Whose files are changed for a `U` mount.
final class OwnIdsTest {
    private static boolean isWhole(String type, @Nullable String subpath, String... options) {
        return OwnIds.isWhole(new MountSpec(type, "/source", "/m", List.of(options), null, null, null, subpath));
    }

    @Test
    void aMountOfAPartDoesNotReachTheRestOfItsSource() {
        assertThat(isWhole("volume", null, "U")).isTrue();
        assertThat(isWhole("bind", null, "U", "rbind")).isTrue();
        assertThat(isWhole("volume", "a", "U")).isFalse();
        assertThat(isWhole("bind", null, "U", "bind")).isFalse();
        assertThat(isWhole("bind", null, "bind-nonrecursive", "U")).isFalse();
        assertThat(isWhole("tmpfs", null, "U")).isFalse();
    }
}
