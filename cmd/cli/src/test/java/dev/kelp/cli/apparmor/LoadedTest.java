// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoadedTest {
    @Test
    void namesMayHaveBlanksAndBrackets() {
        assertThat(Loaded.parse("lsb_release (enforce)\nkelp-default (enforce)\na b (c) (complain)\nnonsense\n"))
                .containsExactly(
                        new Loaded("a b (c)", "complain"),
                        new Loaded("kelp-default", "enforce"),
                        new Loaded("lsb_release", "enforce"));
    }
}
