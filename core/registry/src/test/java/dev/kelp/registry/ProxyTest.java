// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.Reference;
import dev.kelp.registry.http.Proxies;
import dev.kelp.registry.http.Transport;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProxyTest {
    /// Nobody listens there, so https is given up without a name server being asked.
    private static final String REFUSED = "http://127.0.0.1:1";

    @Test
    void eachCommandGoesThroughItsOwnUsersProxy() {
        Images image = Images.of(1, 100, "amd64");
        try (HostileServer proxy = new HostileServer().manifest("a", "latest", image.manifest());
                HostileServer other = new HostileServer().manifest("a", "latest", image.manifest());
                Transport transport = Images.transport()) {
            resolve(transport, Map.of("HTTP_PROXY", "http://me:secret@" + proxy.host(), "HTTPS_PROXY", REFUSED));
            resolve(transport, Map.of("http_proxy", other.host(), "https_proxy", REFUSED));
            assertThat(proxy.seen).isNotEmpty().allSatisfy(s -> {
                assertThat(s.uri()).startsWith("http://registry.example/v2/");
                assertThat(s.header("Proxy-Authorization")).isEqualTo("Basic bWU6c2VjcmV0");
            });
            assertThat(other.seen)
                    .isNotEmpty()
                    .allSatisfy(s -> assertThat(s.header("Proxy-Authorization")).isNull());
        }
    }

    private static void resolve(Transport transport, Map<String, String> variables) {
        Access anonymous = Access.anonymous().withInsecure(true);
        Access access = new Access(
                anonymous.credentials(),
                anonymous.hosts(),
                true,
                Proxies.of(variables),
                anonymous.cancellation(),
                anonymous.listener());
        new Registry(transport, access).resolver().resolve(Reference.parse("registry.example/a:latest"));
    }
}
