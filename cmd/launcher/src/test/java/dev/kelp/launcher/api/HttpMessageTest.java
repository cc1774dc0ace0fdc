// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpMessageTest {
    private static final int BODY_MAX = 1000;

    /// A byte at a time, as a slow client would send it.
    private static HttpMessage read(String text) throws IOException {
        InputStream slow = new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)) {
            @Override
            public int read(byte[] into, int at, int count) {
                return super.read(into, at, Math.min(count, 1));
            }
        };
        return HttpMessage.read(slow, BODY_MAX);
    }

    private static String body(String text) throws IOException {
        return new String(read(text).body(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void theBodyIsAsLongAsTheHeadSays() throws IOException {
        assertThat(read("GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n").startLine()).isEqualTo("GET /v1/info HTTP/1.1");
        assertThat(body("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcdef")).isEqualTo("abc");
        assertThat(body("GET / HTTP/1.1\r\n\r\nabc")).isEmpty();
        assertThat(body("HTTP/1.1 200 OK\r\n\r\nabc")).isEqualTo("abc");
        assertThat(body("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"))
                .isEqualTo("abcde");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GET / HTTP/1.1\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
                "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc\r\n0\r\n\r\n",
            })
    void refuses(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(IOException.class);
    }

    @Test
    void aHeadHasALimit() {
        String endless = "GET / HTTP/1.1\r\n" + "a".repeat(HttpMessage.HEAD_BYTES_MAX);
        assertThatThrownBy(() -> HttpMessage.read(
                        new ByteArrayInputStream((endless + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1)),
                        BODY_MAX))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(Integer.toString(HttpMessage.HEAD_BYTES_MAX));
    }

    @FuzzTest
    void readsOrRefuses(byte[] bytes) {
        try {
            HttpMessage message = HttpMessage.read(new ByteArrayInputStream(bytes), bytes.length);
            assertThat(message.body()).hasSizeLessThanOrEqualTo(bytes.length);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("HTTP");
        }
    }
}
