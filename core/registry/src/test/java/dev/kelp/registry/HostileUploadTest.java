// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.http.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What can go wrong while a blob is pushed.
@Timeout(30)
class HostileUploadTest {
    static final String START = "/v2/a/b/blobs/uploads/";
    static final String SESSION = "/v2/a/b/blobs/uploads/1";
    final byte[] content = Images.random(42, 600_000);
    final Descriptor blob = Images.blob(MediaTypes.OCI_LAYER, content);
    final HostileServer server = new HostileServer();
    final Transport transport = Images.transport();
    final Registry registry = new Registry(transport, Access.anonymous());
    final Reference ref = Reference.parse(server.host() + "/a/b");
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    final AtomicInteger breaks = new AtomicInteger();
    boolean knowsProgress = true;

    @BeforeEach
    void uploads() {
        server.on(START, x -> {
            received.reset();
            x.getResponseHeaders().set("Location", SESSION + "?state=0");
            HostileServer.answer(x, 202, "", new byte[0]);
        });
        server.on(SESSION, x -> {
            switch (x.getRequestMethod()) {
                case "GET" -> progress(x, knowsProgress ? 204 : 404);
                case "DELETE" -> HostileServer.answer(x, 204, "", new byte[0]);
                default -> take(x);
            }
        });
    }

    @AfterEach
    void close() {
        server.close();
        transport.close();
    }

    private void take(HttpExchange x) throws IOException {
        if (breaks.getAndDecrement() > 0) {
            received.writeBytes(x.getRequestBody().readNBytes(100_000));
            return; // closes the connection without an answer
        }
        received.writeBytes(x.getRequestBody().readAllBytes());
        if (x.getRequestMethod().equals("PATCH")) {
            progress(x, 202);
        } else {
            HostileServer.answer(x, received.size() == content.length ? 201 : 400, "", new byte[0]);
        }
    }

    private void progress(HttpExchange x, int status) throws IOException {
        x.getResponseHeaders().set("Range", "0-" + Math.max(0, received.size() - 1));
        x.getResponseHeaders().set("Location", "http://" + server.host() + SESSION + "?state=" + received.size());
        HostileServer.answer(x, status, "", new byte[0]);
    }

    private State push(Pusher pusher) {
        return pusher.push(blob, BlobSource.of(content), Optional.empty());
    }

    @Test
    void oneRequestWhenNothingBreaks() {
        assertThat(push(registry.pusher(ref))).isEqualTo(State.DONE);
        assertThat(received.toByteArray()).isEqualTo(content);
        assertThat(server.seen(SESSION)).hasSize(1);
        assertThat(server.seen(SESSION).getFirst().uri()).contains("state=0&digest=sha256%3A");
    }

    @Test
    void brokenUploadGoesOnFromWhatTheRegistryHas() {
        breaks.set(2);
        assertThat(push(registry.pusher(ref))).isEqualTo(State.DONE);
        assertThat(received.toByteArray()).isEqualTo(content);
        assertThat(server.seen(START)).hasSize(1);
        assertThat(server.seen(SESSION)).anySatisfy(s -> {
            assertThat(s.method()).isEqualTo("PATCH");
            assertThat(s.header("Content-Range")).isEqualTo("200000-599999");
        });
    }

    @Test
    void registryThatForgotTheUploadGetsItAnew() {
        knowsProgress = false;
        breaks.set(1);
        assertThat(push(registry.pusher(ref).withChunks(250_000))).isEqualTo(State.DONE);
        assertThat(received.toByteArray()).isEqualTo(content);
        assertThat(server.seen(START)).hasSize(2);
    }

    @Test
    void endlessTroubleIsGivenUpAndTheUploadAbandoned() {
        breaks.set(1_000);
        knowsProgress = false;
        assertThatThrownBy(() -> push(registry.pusher(ref)))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE));
        assertThat(server.seen(SESSION)).anySatisfy(s -> assertThat(s.method()).isEqualTo("DELETE"));
    }

    @Test
    void refusedMountBecomesAnUpload() {
        Reference from = Reference.parse(server.host() + "/other/repo");
        assertThat(registry.pusher(ref).push(blob, BlobSource.of(content), Optional.of(from)))
                .isEqualTo(State.DONE);
        assertThat(server.seen(START).getFirst().uri()).contains("mount=sha256:", "from=other/repo");
    }

    @Test
    void uploadElsewhereGetsNoCredentials() {
        try (HostileServer elsewhere = new HostileServer()) {
            server.on(START, x -> {
                x.getResponseHeaders().set("Location", "http://" + elsewhere.host() + "/put");
                HostileServer.answer(x, 202, "", new byte[0]);
            });
            elsewhere.on("/put", x -> {
                x.getRequestBody().readAllBytes();
                HostileServer.answer(x, 201, "", new byte[0]);
            });
            assertThat(push(registry.pusher(ref))).isEqualTo(State.DONE);
            assertThat(elsewhere.seen)
                    .hasSize(1)
                    .allSatisfy(s -> assertThat(s.header("Authorization")).isNull());
        }
    }
}
