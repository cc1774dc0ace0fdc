// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.launcher.bypass.Wish.HostPort;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WishTest {
    @Test
    void takesSubnetsAutoAndPorts() {
        Wish wish = Wish.of(List.of("127.0.0.0/8", "auto", "fd00::/8"), List.of(Wish.port("8080:80")), true);
        assertThat(wish)
                .isEqualTo(new Wish(
                        List.of(Subnet.parse("127.0.0.0/8"), Subnet.parse("fd00::/8")),
                        true,
                        Map.of(80, new HostPort(null, 8080)),
                        true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "1:2:3", "a:80", "8080:", "127.0.0.1:80:80", "8080:80/tcp"})
    void aPortIsWrittenAsTwoNumbers(String text) {
        assertThatThrownBy(() -> Wish.port(text))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("invalid publish port format: '" + text + "'");
    }

    @Test
    void aPortIsForwardedOnce() {
        assertThatThrownBy(() -> Wish.of(List.of(), List.of(Wish.port("1:2"), Wish.port("1:3")), false))
                .hasMessage("host port 1 is already forwarded");
        assertThatThrownBy(() -> Wish.of(List.of(), List.of(Wish.port("1:2"), Wish.port("3:2")), false))
                .hasMessage("container port 2 is already forwarded");
        assertThatThrownBy(() -> Wish.of(List.of(), List.of(Wish.port("0:2")), false))
                .hasMessageContaining("0 is no port");
        assertThatThrownBy(() -> Wish.of(List.of("10.0.0.1"), List.of(), false)).hasMessageContaining("not a subnet");
    }

    @Test
    void readsWhatNerdctlSends() {
        BypassSpec spec = OciJson.read("""
                {"id":"c1","socketPath":"/run/b.sock","pidFilePath":"","logFilePath":"","ignoreBind":false,
                 "portMapping":[{"protos":["tcp"],"parentIP":"127.0.0.1","parentPort":8080,"childIP":"","childPort":80},
                                {"protos":["udp"],"parentIP":"","parentPort":8080,"childIP":"","childPort":80}],
                 "ignoreSubnets":null}
                """.getBytes(StandardCharsets.UTF_8), BypassSpec.class, "the request");
        assertThat(Wish.of(spec.subnets(), spec.ports(), spec.ignoreBind()).ports())
                .isEqualTo(Map.of(80, new HostPort(Subnet.parseAddress("127.0.0.1"), 8080)));
        assertThat(spec.id()).isEqualTo("c1");
    }
}
