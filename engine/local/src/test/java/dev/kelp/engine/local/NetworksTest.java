// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.Isolation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NetworksTest {
    private static Isolation isolation(String pid, String ipc) {
        return new Isolation(
                null, pid, ipc, null, null, null, null, List.of(), List.of(), List.of(), List.of(), Map.of());
    }

    @Test
    void theDefaultIsWhatTheHelpSays() {
        assertThat(Networks.settle(Isolation.DEFAULT, "me").network()).isEqualTo("host");
        assertThat(Networks.settle(Isolation.DEFAULT.withNetwork("none"), "me").network())
                .isEqualTo("none");
        assertThat(Networks.settle(isolation("host", "private"), "me").pid()).isEqualTo("host");
    }

    @Test
    void onlyWhoAsksForTheMachinesNetworkGetsItsName() {
        assertThat(Networks.settle(Isolation.DEFAULT, "me").hostname()).isEqualTo("me");
        assertThat(Networks.settle(Isolation.DEFAULT.withNetwork("host"), "me").hostname())
                .isNull();
        assertThat(Networks.settle(Isolation.DEFAULT.withHostname("asked"), "me")
                        .hostname())
                .isEqualTo("asked");
    }

    @Test
    void whatCannotBeDoneIsRefused() {
        for (Isolation asked : List.of(
                Isolation.DEFAULT.withNetwork("bridge"),
                Isolation.DEFAULT.withNetwork("container:db"),
                Isolation.DEFAULT.withNetwork("ns:/proc/1/ns/net"),
                isolation("container:db", null),
                isolation(null, "container:db"))) {
            assertThatThrownBy(() -> Networks.settle(asked, "me"))
                    .isInstanceOfSatisfying(
                            KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
        }
    }
}
