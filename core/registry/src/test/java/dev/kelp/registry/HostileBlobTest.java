// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Transport;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What can go wrong while a blob comes.
@Timeout(30)
class HostileBlobTest {
    final byte[] content = Images.random(42, 600_000);
    final Descriptor blob = Images.blob(MediaTypes.OCI_LAYER, content);
    final String path = "/v2/a/b/blobs/" + blob.digest();
    final HostileServer server = new HostileServer();
    final Transport transport = Images.transport();
    final List<State> states = new ArrayList<>();
    final Cancellation cancellation = new Cancellation();
    final Registry registry = new Registry(
            transport,
            Access.anonymous().withCancellation(cancellation).withListener((d, n, state) -> states.add(state)));
    final Reference ref = Reference.parse(server.host() + "/a/b:v1");

    @AfterEach
    void close() {
        server.close();
        transport.close();
    }

    byte[] fetch(Descriptor d) throws Exception {
        try (InputStream in = registry.fetcher(ref).openVerified(d)) {
            return in.readAllBytes();
        }
    }

    void fails(Descriptor d, ErrorKind kind, String message) {
        assertThatThrownBy(() -> fetch(d))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    @Test
    void brokenConnectionsAreResumedByRange() throws Exception {
        server.on(path, x -> HostileServer.partial(x, content, 150_000, true));
        assertThat(fetch(blob)).isEqualTo(content);
        assertThat(server.seen(path)).hasSizeGreaterThanOrEqualTo(4);
        assertThat(server.seen(path).getLast().header("Range")).startsWith("bytes=");
        assertThat(states).contains(State.RECONNECTING).endsWith(State.DONE);
    }

    @Test
    void withoutRangesTheBeginningIsSkipped() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        server.on(path, x -> HostileServer.partial(x, content, tries.incrementAndGet() * 250_000, false));
        assertThat(fetch(blob)).isEqualTo(content);
        assertThat(tries.get()).isEqualTo(3);
    }

    @Test
    void stalledConnectionIsReplaced() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        server.on(path, x -> {
            boolean first = tries.incrementAndGet() == 1;
            HostileServer.partial(x, content, first ? 100_000 : content.length, true);
            if (first) {
                server.hang();
            }
        });
        assertThat(fetch(blob)).isEqualTo(content);
        assertThat(tries.get()).isEqualTo(2);
    }

    @Test
    void aServerThatOnlyBreaksIsGivenUp() {
        AtomicInteger tries = new AtomicInteger();
        server.on(path, x -> HostileServer.partial(x, content, tries.incrementAndGet() == 1 ? 1_000 : 0, true));
        fails(blob, ErrorKind.UNAVAILABLE, "gave up at byte ");
        assertThat(tries.get()).isLessThan(10);
    }

    @Test
    void truncatedBlobIsNoticedFromItsLength() {
        server.on(path, x -> HostileServer.answer(x, 200, "", Arrays.copyOf(content, 1_000)));
        fails(blob, ErrorKind.DATA_LOSS, "sends 1000 bytes where there should be 600000");
    }

    @Test
    void truncatedBlobWithoutALengthIsNotEndless() {
        server.on(path, x -> {
            int start = HostileServer.start(x);
            if (start >= 1_000) {
                HostileServer.answer(x, 416, "", new byte[0]);
                return;
            }
            x.sendResponseHeaders(200, 0);
            x.getResponseBody().write(content, 0, 1_000);
        });
        fails(blob, ErrorKind.DATA_LOSS, "has no byte 1000");
    }

    @Test
    void oversizedBlobIsCutOffAtOnce() {
        HttpHandler endless = x -> {
            x.sendResponseHeaders(200, 0);
            for (int i = 0; i < 10_000; i++) {
                x.getResponseBody().write(content);
            }
        };
        server.on(path, endless);
        fails(blob, ErrorKind.DATA_LOSS, "more than the 600000 bytes");
        server.on(path, x -> HostileServer.answer(x, 200, "", Arrays.copyOf(content, content.length + 1)));
        fails(blob, ErrorKind.DATA_LOSS, "sends 600001 bytes");
    }

    @Test
    void wrongBytesAreNoticedAtTheEnd() {
        byte[] other = content.clone();
        other[300_000] ^= 1;
        server.on(path, x -> HostileServer.answer(x, 200, "", other));
        fails(blob, ErrorKind.DATA_LOSS, "is damaged: the bytes have digest sha256:");
    }

    @Test
    void wrongRangeIsRefused() {
        server.on(path, x -> {
            x.getResponseHeaders().set("Content-Range", "bytes 0-9/" + content.length);
            HostileServer.answer(x, 206, "", Arrays.copyOf(content, 10));
        });
        assertThatThrownBy(() -> registry.fetcher(ref).open(blob, 100)).hasMessageContaining("another range");
    }

    @Test
    void tooManyRequestsWaitsAsLongAsTheServerSays() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        server.on(path, x -> {
            if (tries.incrementAndGet() == 1) {
                x.getResponseHeaders().set("Retry-After", "1");
                HostileServer.answer(x, 429, "", new byte[0]);
            } else {
                HostileServer.answer(x, 200, "", content);
            }
        });
        long start = System.nanoTime();
        assertThat(fetch(blob)).isEqualTo(content);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(990));
    }

    @Test
    void tooManyRequestsForTooLongFailsAtOnceWithAHint() {
        server.on(path, x -> {
            x.getResponseHeaders().set("Retry-After", "86400");
            HostileServer.answer(x, 429, "", new byte[0]);
        });
        assertThatThrownBy(() -> fetch(blob)).isInstanceOfSatisfying(KelpException.class, e -> {
            assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE_EXHAUSTED);
            assertThat(e.hint()).hasValueSatisfying(h -> assertThat(h).contains("86400 s"));
        });
        assertThat(server.seen(path)).hasSize(1);
    }

    @Test
    void serverErrorsAreTriedAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        server.on(path, x -> {
            if (tries.incrementAndGet() < 4) {
                HostileServer.answer(x, 503, "text/html", "<h1>busy</h1>".getBytes());
            } else {
                HostileServer.answer(x, 200, "", content);
            }
        });
        assertThat(fetch(blob)).isEqualTo(content);
        assertThat(tries.get()).isEqualTo(4);
    }

    @Test
    void cancellationEndsAStalledRead() throws Exception {
        CountDownLatch stalled = new CountDownLatch(1);
        server.on(path, x -> {
            HostileServer.partial(x, content, 10_000, true);
            stalled.countDown();
            server.hang();
        });
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                fetch(blob);
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        stalled.await();
        cancellation.cancel();
        reader.join();
        assertThat(failure.get())
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    }

    @Test
    void interruptionEndsAWaitForHeaders() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        server.on(path, x -> {
            asked.countDown();
            server.hang();
        });
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                fetch(blob);
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        asked.await();
        reader.interrupt();
        reader.join();
        assertThat(failure.get())
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    }

    @Test
    void emptyBlobNeedsNoRequest() throws Exception {
        Descriptor empty = Descriptor.of(MediaTypes.OCI_LAYER, Digest.ofSha256(new byte[0]), 0);
        assertThat(fetch(empty)).isEmpty();
        assertThat(server.seen).isEmpty();
    }
}
