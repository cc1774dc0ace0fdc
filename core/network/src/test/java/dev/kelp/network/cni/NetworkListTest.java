// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.network.NetworkDefinition.Plugins;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkListTest {
    private static NetworkList parse(String json) {
        return NetworkList.parse("a.conflist", json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aListSaysWhatItIs() {
        NetworkList list = parse("""
                {"cniVersion": "1.0.0", "name": "web", "nerdctlID": "%s", "nerdctlLabels": {"a": "b"}, "plugins": [
                  {"type": "bridge", "bridge": "br-web", "mtu": 1400, "ipam": {"type": "host-local", "ranges": [
                    [{"subnet": "10.9.0.0/24", "gateway": "10.9.0.254"}],
                    [{"subnet": "fd00:9::/64"}], [{"subnet": "no"}]
                  ]}},
                  {"type": "portmap", "capabilities": {"portMappings": true}}]}
                """.formatted("a".repeat(64)));
        assertThat(list.name()).isEqualTo("web");
        assertThat(list.type()).isEqualTo("bridge");
        assertThat(list.device()).isEqualTo("br-web");
        assertThat(list.mtu()).contains(1400);
        assertThat(list.id()).contains("a".repeat(64));
        assertThat(list.labels()).containsEntry("a", "b");
        assertThat(list.plugins()).hasSize(2);
        assertThat(list.pools())
                .extracting(p -> p.subnet() + " " + p.gateway().getHostAddress())
                .containsExactly("10.9.0.0/24 10.9.0.254", "fd00:9::/64 fd00:9:0:0:0:0:0:1");
    }

    @Test
    void onePluginAloneIsAList() {
        NetworkList list = parse("{\"name\": \"old\", \"type\": \"macvlan\", \"master\": \"tap0\"}");
        assertThat(list.type()).isEqualTo("macvlan");
        assertThat(list.device()).isEqualTo("tap0");
        assertThat(list.version()).isEqualTo("0.1.0");
        assertThat(list.pools()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"name\": \"../x\", \"type\": \"bridge\"}",
                "{\"name\": \"x\", \"type\": \"../../bin/sh\"}",
                "{\"name\": \"x\", \"plugins\": []}",
                "{\"name\": \"x\", \"plugins\": [1]}",
                "{\"name\": \"x\", \"plugins\": \"bridge\"}",
                "{\"name\": \"x\", \"type\": \"bridge\", \"cniVersion\": \"9.0.0\"}"
            })
    void whatIsNoListIsRefusedByName(String json) {
        assertThatThrownBy(() -> parse(json)).hasMessageContaining("a.conflist");
    }

    @Test
    void itsSizeIsLimited() {
        String many = "{\"type\": \"bridge\"},".repeat(NetworkList.PLUGINS_MAX) + "{\"type\": \"bridge\"}";
        assertThatThrownBy(() -> parse("{\"name\": \"x\", \"plugins\": [" + many + "]}"))
                .hasMessageContaining("one too many");
        assertThatThrownBy(() -> parse(" ".repeat(Plugins.BYTES_MAX + 1))).hasMessageContaining("bytes");
    }
}
