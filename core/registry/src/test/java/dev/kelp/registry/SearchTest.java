// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.registry.Search.Hit;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SearchTest {
    private final Transport transport =
            new Transport(new Transport.Settings("kelp-test", HttpLimits.DEFAULT, List.of()));
    private final HostileServer server = new HostileServer();

    @AfterEach
    void close() {
        server.close();
        transport.close();
    }

    private List<Hit> find(String words, int limit) {
        return new Registry(transport, Access.anonymous()).search().find(server.host() + "/" + words, limit);
    }

    private void answers(String json) {
        server.on(
                "/v1/search",
                x -> HostileServer.answer(x, 200, "application/json", json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void asksTheIndexOfTheFirstApi() {
        answers("""
                {"num_results":2,"results":[
                  {"name":"app","description":"one\\ntwo","star_count":7,"is_official":true,"is_automated":false},
                  {"name":"team/app","description":"\\u001b[31mred","star_count":1},
                  {"name":"more"}]}""");
        assertThat(find("a b", 2))
                .containsExactly(
                        new Hit(server.host() + "/app", "one two", 7, true, false),
                        new Hit(server.host() + "/team/app", " [31mred", 1, false, false));
        assertThat(server.seen("/v1/search"))
                .singleElement()
                .satisfies(s -> assertThat(s.uri()).isEqualTo("/v1/search?q=a+b&n=2"));
    }

    @Test
    void comparesNamesOfTheCatalogueWhereThereIsNoIndex() {
        server.on(
                "/v2/_catalog",
                x -> HostileServer.answer(
                        x, 200, "application/json", "{\"repositories\":[\"a/one\",\"b\",\"a/two\"]}".getBytes()));
        assertThat(find("A/", 1)).containsExactly(new Hit(server.host() + "/a/one", "", -1, false, false));
        assertThat(find("A/", 5)).hasSize(2);
    }

    @Test
    void refusesNonsense() {
        answers("[]");
        assertThat(find("x", 5)).isEmpty();
        answers("<html>");
        assertKind(ErrorKind.DATA_LOSS, "x", 5);
        server.on("/v1/search", x -> HostileServer.answer(x, 403, "text/plain", new byte[0]));
        assertKind(ErrorKind.PERMISSION_DENIED, "x", 5);
        assertKind(ErrorKind.INVALID_ARGUMENT, "x", 0);
        assertKind(ErrorKind.INVALID_ARGUMENT, "x", 101);
        assertThatThrownBy(() ->
                        new Registry(transport, Access.anonymous()).search().find("https://x/y", 5))
                .hasMessageContaining("is an URL");
    }

    private void assertKind(ErrorKind kind, String words, int limit) {
        assertThatThrownBy(() -> find(words, limit))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }
}
