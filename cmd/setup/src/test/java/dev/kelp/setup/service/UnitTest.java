// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnitTest {
    @Test
    void nothingIsExpanded() {
        assertThat(Unit.argument("/a b/$HOME/100%\"\\")).isEqualTo("\"/a b/$$HOME/100%%\\\"\\\\\"");
        assertThat(Unit.environment("A", "1 $2\n3")).isEqualTo("Environment=\"A=1 $2?3\"\n");
    }

    @Test
    void ourOwnIsKnown() {
        assertThat(Unit.isOurs(Unit.of("a.service", "[Unit]\n").text())).isTrue();
        assertThat(Unit.isOurs("[Unit]\n")).isFalse();
    }
}
