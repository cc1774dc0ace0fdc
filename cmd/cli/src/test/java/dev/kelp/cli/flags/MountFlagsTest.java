// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What the flags for mounts lead to.
final class MountFlagsTest {
    @Test
    void whatOthersMountMayBeGivenToTheUser() {
        MountFlags flags = new MountFlags();
        assertThat(flags.mayGive()).isFalse();
        flags.volumesFrom.add("web");
        assertThat(flags.mayGive()).isTrue();
    }
}
