// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortSpecTest {
    @Test
    void readsAddressesOfBothFamilies() {
        assertThat(PortSpec.parse("127.0.0.1:8080:80/tcp")).isEqualTo(new PortSpec("tcp", "127.0.0.1", 8080, "", 80));
        assertThat(PortSpec.parse("[::1]:8080:[::2]:80/udp")).isEqualTo(new PortSpec("udp", "::1", 8080, "::2", 80));
    }

    @Test
    void aProtocolWithoutFamilyListensOnBoth() {
        assertThat(PortSpec.parse("0.0.0.0:1:1/tcp").listenAddress()).isEmpty();
        assertThat(PortSpec.parse("0.0.0.0:1:1/tcp4").listenAddress()).isEqualTo("0.0.0.0");
        assertThat(PortSpec.parse("[::]:1:1/tcp6").listenAddress()).isEqualTo("::");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"80", "1:2/tcp", "a:1:2/tcp", "1.2.3.4:0:2/tcp", ":1:70000/tcp", ":1:2/icmp", "[::1]:1:2/tcp4"})
    void refuses(String text) {
        assertThatThrownBy(() -> PortSpec.parse(text)).isInstanceOf(KelpException.class);
    }
}
