// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AppArmorTest {
    @ParameterizedTest
    @CsvSource({
        "unconfined, unconfined",
        "kelp-default (enforce), kelp-default",
        "a name (with brackets) (complain), a name (with brackets)",
        "kelp (unconfined), kelp",
        "kelp-default//&unconfined (mixed), kelp-default",
        "unconfined//&kelp-default (mixed), kelp-default",
    })
    void aLabelHasAName(String text, String name) {
        assertThat(AppArmor.label(text + "\n")).contains(name);
    }

    @Test
    void noTextIsNoLabel() {
        assertThat(AppArmor.label("\n")).isEmpty();
    }

    @Test
    void nobodyHasLoadedThis() {
        assertThat(AppArmor.hasProfile("no-profile-of-kelp's-tests-is-called-so"))
                .isFalse();
    }

    @Test
    void thisProcessHasALabelWhereThereIsAppArmor() {
        assumeTrue(AppArmor.isEnabled(), "AppArmor is on");
        assertThat(AppArmor.confinementOf(ProcessHandle.current().pid())).isPresent();
        assertThat(AppArmor.hasProfile("unconfined")).isTrue();
    }
}
