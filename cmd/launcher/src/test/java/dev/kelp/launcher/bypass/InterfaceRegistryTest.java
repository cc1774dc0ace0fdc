// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.launcher.api.HttpMessage;
import dev.kelp.model.KelpException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterfaceRegistryTest {
    /// As Go writes its types.
    private static final String TOLD = "{\"containerID\":\"c1\",\"interfaces\":["
            + "{\"name\":\"lo\",\"hwAddr\":\"\",\"addresses\":[{\"IP\":\"127.0.0.1\",\"Mask\":\"/wAAAA==\"}],"
            + "\"isLoopback\":true},"
            + "{\"name\":\"eth0\",\"hwAddr\":\"6h7VzeLq\",\"addresses\":[{\"IP\":\"10.4.0.53\",\"Mask\":\"////AA==\"}],"
            + "\"isLoopback\":false}],\"forwardingPorts\":{\"5201\":5202}}";

    private final InterfaceRegistry registry = new InterfaceRegistry();

    private HttpMessage ask(String method, String path, String body) {
        return registry.answer(method, path, body.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(HttpMessage message) {
        return new String(message.body(), StandardCharsets.UTF_8);
    }

    @Test
    void givesBackWhatItWasTold() {
        assertThat(text(ask("GET", "/v1/ping", ""))).isEqualTo("\"pong\"");
        assertThat(text(ask("GET", "/v1/interfaces", ""))).isEqualTo("{}");
        assertThat(ask("GET", "/v1/interface/c1", "").startLine()).contains("404");
        assertThat(text(ask("POST", "/v1/interface/c1", TOLD))).isEqualTo(TOLD);
        assertThat(text(ask("GET", "/v1/interface/c1", ""))).isEqualTo(TOLD);
        assertThat(text(ask("GET", "/v1/interfaces", ""))).isEqualTo("{\"c1\":" + TOLD + "}");
        assertThat(ask("DELETE", "/v1/interface/c1", "").startLine()).contains("200");
        assertThat(text(ask("GET", "/v1/interfaces", ""))).isEqualTo("{}");
        assertThat(ask("GET", "/v1/interface/", "").startLine()).contains("404");
        assertThat(ask("PUT", "/v1/interface/c1", TOLD).startLine()).contains("405");
    }

    @Test
    void findsAPublishedPortByTheContainersAddress() {
        ask("POST", "/v1/interface/c1", TOLD);
        assertThat(registry.find(new InetSocketAddress("10.4.0.53", 5201)))
                .contains(new InetSocketAddress("0.0.0.0", 5202));
        assertThat(registry.find(new InetSocketAddress("10.4.0.53", 5202))).isEmpty();
        assertThat(registry.find(new InetSocketAddress("127.0.0.1", 5201))).isEmpty();
        registry.forget("c1");
        assertThat(registry.find(new InetSocketAddress("10.4.0.53", 5201))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"interfaces\":[{\"addresses\":[{\"IP\":\"example.com\"}]}]}",
                "{\"interfaces\":[{\"addresses\":[{}]}]}",
                "{\"forwardingPorts\":{\"http\":80}}",
                "{\"forwardingPorts\":{\"80\":65536}}",
                "{\"forwardingPorts\":{\"80\":null}}"
            })
    void refusesWhatIsNoContainer(String body) {
        assertThatThrownBy(() -> ask("POST", "/v1/interface/c1", body)).isInstanceOf(KelpException.class);
        assertThat(text(ask("GET", "/v1/interfaces", ""))).isEqualTo("{}");
    }

    @Test
    void takesEmptyListsAsGoWritesThem() {
        String empty = "{\"containerID\":\"c1\",\"interfaces\":[null,{\"addresses\":null}],\"forwardingPorts\":null}";
        assertThat(ask("POST", "/v1/interface/c1", empty).startLine()).contains("200");
    }
}
