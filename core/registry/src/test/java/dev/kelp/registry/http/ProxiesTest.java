// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.junit.jupiter.api.Test;

class ProxiesTest {
    final Proxies proxies = Proxies.of(
            "proxy.example:3128",
            "http://user:pw@secure.example",
            "corp.example, .sub.example,10.0.0.0/8,exact.example:5000");

    boolean isProxied(String url) {
        return proxies.proxyFor(URI.create(url)).isPresent();
    }

    @Test
    void schemeDecides() {
        assertThat(proxies.proxyFor(URI.create("http://x.example/"))).contains(URI.create("http://proxy.example:3128"));
        assertThat(proxies.proxyFor(URI.create("https://x.example/"))
                        .orElseThrow()
                        .getHost())
                .isEqualTo("secure.example");
        assertThat(proxies.authorization(URI.create("https://x.example/"))).contains("Basic dXNlcjpwdw==");
        assertThat(proxies.authorization(URI.create("http://x.example/"))).isEmpty();
        assertThat(Proxies.NONE.proxyFor(URI.create("https://x.example/"))).isEmpty();
    }

    @Test
    void theProxyIsConnectedToUnlessThereIsNone() {
        Proxies proxies = Proxies.of(null, "http://proxy.example:3128", "direct.example");
        assertThat(proxies.connected(URI.create("https://x.example/"))).isEqualTo("proxy.example");
        assertThat(proxies.connected(URI.create("https://direct.example/"))).isEqualTo("direct.example");
        assertThat(proxies.connected(URI.create("http://x.example/"))).isEqualTo("x.example");
    }

    @Test
    void exceptionsCoverSubdomainsBlocksAndPorts() {
        assertThat(isProxied("http://corp.example/")).isFalse();
        assertThat(isProxied("http://a.corp.example/")).isFalse();
        assertThat(isProxied("http://notcorp.example/")).isTrue();
        assertThat(isProxied("http://x.sub.example/")).isFalse();
        assertThat(isProxied("http://10.2.3.4/")).isFalse();
        assertThat(isProxied("http://11.2.3.4/")).isTrue();
        assertThat(isProxied("http://exact.example:5000/")).isFalse();
        assertThat(isProxied("http://exact.example/")).isTrue();
        assertThat(isProxied("http://localhost:5000/")).isFalse();
        assertThat(isProxied("http://[::1]:5000/")).isFalse();
        assertThat(Proxies.of("p", null, "*").proxyFor(URI.create("http://x.example")))
                .isEmpty();
    }

    @Test
    void otherProxiesAreRefusedByName() {
        assertThatThrownBy(() -> Proxies.of(null, "socks5://x", null)).hasMessageContaining("HTTPS_PROXY");
    }

    @Test
    void retryAfterInBothForms() {
        assertThat(Retries.parseRetryAfter("120")).contains(Duration.ofMinutes(2));
        String date = ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(100).format(DateTimeFormatter.RFC_1123_DATE_TIME);
        assertThat(Retries.parseRetryAfter(date).orElseThrow())
                .isBetween(Duration.ofSeconds(95), Duration.ofSeconds(100));
        assertThat(Retries.parseRetryAfter("soon")).isEmpty();
        assertThat(Retries.parseRetryAfter("99999999999999")).isEmpty();
    }
}
