// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Stat;
import dev.kelp.model.IdMapping;
import dev.kelp.model.IdMaps;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whom archives of mapped containers name as owners.
final class ShownOwnersTest {
    private static Stat file(int uid, int gid) {
        return new Stat(Stat.S_IFREG | 0640, uid, gid, 1, 2, 3, 1, 4, 5, 6, 0, 0, 7);
    }

    @Test
    void ownersAreThoseOfTheNamespace() {
        IdMaps maps = new IdMaps(
                List.of(new IdMapping(0, 1, 1000), new IdMapping(1000, 0, 1)), List.of(new IdMapping(0, 5000, 100)));
        ShownOwners owners = ShownOwners.in(maps);
        assertThat(owners.of(file(1, 5000))).isEqualTo(file(0, 0));
        assertThat(owners.of(file(34, 5012))).isEqualTo(file(33, 12));
        assertThat(owners.of(file(0, 5099))).isEqualTo(file(1000, 99));
    }

    @Test
    void whatIsNotMappedIsNobodys() {
        ShownOwners owners =
                ShownOwners.in(new IdMaps(List.of(new IdMapping(0, 1, 10)), List.of(new IdMapping(0, 1, 10))));
        assertThat(owners.of(file(0, 11))).isEqualTo(file(65534, 65534));
    }

    @Test
    void withoutANamespaceNothingChanges() {
        assertThat(ShownOwners.in(null).of(file(7, 8))).isEqualTo(file(7, 8));
    }
}
