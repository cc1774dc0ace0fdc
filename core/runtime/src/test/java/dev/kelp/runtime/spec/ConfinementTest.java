// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Security;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConfinementTest {
    private static final Confinement NONE = new Confinement(false, name -> {
        throw new AssertionError("nobody is asked where there is no AppArmor");
    });

    private static Confinement loaded(String... names) {
        return new Confinement(true, Set.of(names)::contains);
    }

    private static Security asking(@Nullable String profile, boolean privileged) {
        Security d = Security.DEFAULT;
        return new Security(
                privileged, false, d.capabilitiesAdd(), d.capabilitiesDrop(), null, null, profile, false, d.devices());
    }

    @Test
    void theDefaultIsTakenWhereRootLoadedIt() {
        assertThat(loaded("kelp-default").profile(asking(null, false))).isEqualTo("kelp-default");
        assertThat(loaded("docker-default").profile(asking(null, false))).isNull();
        assertThat(NONE.profile(asking(null, false))).isNull();
    }

    @Test
    void privilegedOnesAndThoseThatSayItAreUnconfined() {
        assertThat(loaded("kelp-default").profile(asking(null, true))).isNull();
        assertThat(loaded("kelp-default").profile(asking("unconfined", false))).isNull();
    }

    @Test
    void aPrivilegedOneMayNameAProfile() {
        assertThat(loaded("mine").profile(asking("mine", true))).isEqualTo("mine");
    }

    @Test
    void anUnknownOneIsRefused() {
        assertThatThrownBy(() -> loaded("kelp-default").profile(asking("mine", false)))
                .isInstanceOf(KelpException.class)
                .hasMessage("confine the container by the AppArmor profile `mine`: no such profile is loaded");
        assertThat(NONE.profile(asking("mine", false)))
                .as("the OCI runtime's to refuse")
                .isEqualTo("mine");
    }
}
