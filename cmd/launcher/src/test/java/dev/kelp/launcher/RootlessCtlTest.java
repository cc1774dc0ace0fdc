// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RootlessCtlTest {
    @Test
    void columnsAreAsWideAsTheirLongestCellAndFourBlanks() {
        assertThat(RootlessCtl.table(List.of(List.of("ID", "PROTO"), List.of("1", ""), List.of("123", "tcp"))))
                .containsExactly("ID     PROTO    ", "1               ", "123    tcp      ");
    }
}
