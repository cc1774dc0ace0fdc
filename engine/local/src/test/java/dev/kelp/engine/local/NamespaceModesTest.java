// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class NamespaceModesTest {
    private static Isolation isolation(String pid, String ipc) {
        return new Isolation(
                null, pid, ipc, null, null, null, null, List.of(), List.of(), List.of(), List.of(), Map.of());
    }

    @Test
    void theDefaultIsWhatTheHelpSays() {
        assertThat(NamespaceModes.settle(Isolation.DEFAULT).network()).isEqualTo("bridge");
        assertThat(NamespaceModes.settle(Isolation.DEFAULT.withNetwork("none")).network())
                .isEqualTo("none");
        assertThat(NamespaceModes.settle(isolation("host", "private")).pid()).isEqualTo("host");
    }

    @Test
    void aNetworksNameIsAWishForABridge() {
        Isolation settled = NamespaceModes.settle(Isolation.DEFAULT.withNetwork("front"));
        assertThat(settled.network()).isEqualTo("bridge");
        assertThat(Objects.requireNonNull(settled.networking()).wishes())
                .extracting(Networking.Wish::network)
                .containsExactly("front");
        for (String shared : List.of("container:db", "ns:/proc/1/ns/net")) {
            assertThat(NamespaceModes.settle(Isolation.DEFAULT.withNetwork(shared))
                            .network())
                    .isEqualTo(shared);
        }
    }

    @Test
    void anothersCgroupNamespaceIsRefused() {
        Isolation asked = new Isolation(
                null,
                null,
                null,
                null,
                "container:db",
                null,
                null,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Map.of());
        assertThatThrownBy(() -> NamespaceModes.settle(asked))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
    }
}
