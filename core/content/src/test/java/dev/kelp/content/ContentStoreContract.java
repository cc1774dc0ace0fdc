// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every [ContentStore] does.
abstract class ContentStoreContract {
    private static final String TYPE = "application/octet-stream";

    ContentStore store;

    /// The same store opened again, as after a restart.
    abstract ContentStore reopen();

    @BeforeEach
    void open() {
        store = reopen();
    }

    static byte[] bytes(int seed, int length) {
        byte[] b = new byte[length];
        new Random(seed).nextBytes(b);
        return b;
    }

    static Descriptor describe(byte[] bytes) {
        return Descriptor.of(TYPE, Digest.ofSha256(bytes), bytes.length);
    }

    private static void assertKind(ErrorKind kind, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    private void add(byte[] b) {
        store.put(describe(b), b);
    }

    @Test
    void keepsWhatWasCommitted() throws Exception {
        byte[] b = bytes(1, 300_000);
        try (Ingest i = store.begin(describe(b)).orElseThrow()) {
            i.write(b, 0, 100_000);
            assertThat(store.find(describe(b).digest())).isEmpty();
            i.write(b, 100_000, 200_000);
            i.commit();
        }
        store.sync();
        store = reopen();
        assertThat(store.info(describe(b).digest()).sizeBytes()).isEqualTo(b.length);
        try (InputStream in = store.open(describe(b).digest())) {
            assertThat(in.readAllBytes()).isEqualTo(b);
        }
        try (InputStream in = store.open(describe(b).digest(), 299_000)) {
            assertThat(in.readAllBytes()).isEqualTo(java.util.Arrays.copyOfRange(b, 299_000, 300_000));
        }
        assertThat(store.read(describe(b), b.length)).isEqualTo(b);
        assertThat(store.begin(describe(b))).isEmpty();
    }

    @Test
    void keepsTheEmptyBlobAndOtherAlgorithms() {
        add(new byte[0]);
        assertThat(store.read(describe(new byte[0]), 0)).isEmpty();
        byte[] b = bytes(2, 10);
        Descriptor d = describe(b);
        Descriptor sha512 = Descriptor.of(TYPE, sha512(b), b.length);
        store.put(sha512, b);
        assertThat(store.read(sha512, 10)).isEqualTo(b);
        assertThat(store.find(d.digest())).isEmpty();
    }

    private static Digest sha512(byte[] b) {
        try {
            return Digest.finish(
                    "sha512", java.security.MessageDigest.getInstance("SHA-512").digest(b));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void refusesWhatIsNotPromised() {
        byte[] b = bytes(3, 1000);
        byte[] other = bytes(4, 1000);
        Ingest wrong = store.begin(describe(b)).orElseThrow();
        wrong.write(other, 0, 1000);
        assertKind(ErrorKind.DATA_LOSS, wrong::commit);
        Ingest longer = store.begin(describe(b)).orElseThrow();
        assertThat(longer.offset()).as("the wrong bytes are gone").isZero();
        longer.write(b, 0, 1000);
        assertKind(ErrorKind.DATA_LOSS, () -> longer.write(b, 0, 1));
        Ingest shorter = store.begin(describe(b)).orElseThrow();
        shorter.write(b, 0, 999);
        assertKind(ErrorKind.DATA_LOSS, shorter::commit);
        assertThat(store.find(describe(b).digest())).isEmpty();
        assertThat(store.list()).isEmpty();
    }

    @Test
    void resumes() throws Exception {
        byte[] b = bytes(5, 500_000);
        try (Ingest i = store.begin(describe(b)).orElseThrow()) {
            i.write(b, 0, 400_000);
        }
        store = reopen();
        assertThat(store.partials()).singleElement().satisfies(p -> {
            assertThat(p.digest()).contains(describe(b).digest());
            assertThat(p.sizeBytes()).isEqualTo(400_000);
            assertThat(p.active()).isFalse();
        });
        try (Ingest i = store.begin(describe(b)).orElseThrow()) {
            assertThat(i.offset()).isEqualTo(400_000);
            try (InputStream written = i.openWritten()) {
                i.write(b, 400_000, 100_000);
                assertThat(written.readAllBytes()).isEqualTo(java.util.Arrays.copyOf(b, 400_000));
            }
            i.commit();
        }
        assertThat(store.read(describe(b), b.length)).isEqualTo(b);
        assertThat(store.partials()).isEmpty();
    }

    @Test
    void startsOverAndDiscards() {
        byte[] b = bytes(6, 1000);
        try (Ingest i = store.begin(describe(b)).orElseThrow()) {
            i.write(bytes(7, 500), 0, 500);
            i.restart();
            assertThat(i.offset()).isZero();
            i.write(b, 0, 1000);
            i.commit();
        }
        byte[] c = bytes(8, 1000);
        Ingest i = store.begin(describe(c)).orElseThrow();
        i.write(c, 0, 500);
        i.discard();
        assertThat(store.partials()).isEmpty();
    }

    @Test
    void findsTheDigestItself() {
        byte[] b = bytes(9, 70_000);
        try (Ingest i = store.begin()) {
            i.write(b, 0, b.length);
            assertThat(i.digest()).isEqualTo(describe(b).digest());
            assertThat(i.commit().digest()).isEqualTo(describe(b).digest());
        }
        try (Ingest again = store.begin()) {
            again.write(b, 0, b.length);
            again.commit();
        }
        try (Ingest lost = store.begin()) {
            lost.write(b, 0, 10);
        }
        assertThat(store.list()).hasSize(1);
        assertThat(store.partials()).isEmpty();
    }

    @Test
    void oneIngestsAndTheOthersGetIt() throws Exception {
        byte[] b = bytes(10, 100_000);
        CountDownLatch begun = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Ingest first = store.begin(describe(b)).orElseThrow();
            List<Future<Optional<Ingest>>> others = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                others.add(threads.submit(() -> {
                    begun.countDown();
                    return store.begin(describe(b));
                }));
            }
            begun.await();
            first.write(b, 0, b.length);
            assertThat(others).noneMatch(Future::isDone);
            first.commit();
            for (Future<Optional<Ingest>> o : others) {
                assertThat(o.get(10, TimeUnit.SECONDS)).isEmpty();
            }
        }
    }

    @Test
    void theNextGoesOnWhereTheFirstGaveUp() throws Exception {
        byte[] b = bytes(11, 100_000);
        try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
            Ingest first = store.begin(describe(b)).orElseThrow();
            Future<Optional<Ingest>> second = threads.submit(() -> store.begin(describe(b)));
            first.write(b, 0, 60_000);
            first.close();
            try (Ingest i = second.get(10, TimeUnit.SECONDS).orElseThrow()) {
                assertThat(i.offset()).isEqualTo(60_000);
                i.write(b, 60_000, 40_000);
                i.commit();
            }
        }
        assertThat(store.read(describe(b), b.length)).isEqualTo(b);
    }

    @Test
    void waitingCanBeInterrupted() throws Exception {
        byte[] b = bytes(12, 10);
        Ingest first = store.begin(describe(b)).orElseThrow();
        Thread.currentThread().interrupt();
        assertKind(ErrorKind.CANCELLED, () -> store.begin(describe(b)));
        assertThat(Thread.interrupted()).isTrue();
        first.close();
    }

    @Test
    void countsListsAndDeletes() {
        byte[] a = bytes(13, 100);
        byte[] b = bytes(14, 200);
        byte[] c = bytes(15, 50);
        add(a);
        add(b);
        store.begin(describe(c)).orElseThrow().close();
        assertThat(store.usage()).isEqualTo(new ContentStore.Usage(2, 300, 1, 0));
        assertThat(store.list())
                .extracting(ContentStore.Blob::digest)
                .containsExactlyInAnyOrder(describe(a).digest(), describe(b).digest());
        assertThat(store.delete(describe(a).digest())).isTrue();
        assertThat(store.delete(describe(a).digest())).isFalse();
        assertKind(ErrorKind.NOT_FOUND, () -> store.open(describe(a).digest()));
        assertKind(ErrorKind.NOT_FOUND, () -> store.info(describe(a).digest()));
        assertThat(store.usage().blobs()).isEqualTo(1);
    }

    @Test
    void deletesOldPartialsThatNobodyWrites() {
        byte[] a = bytes(16, 100);
        byte[] b = bytes(17, 100);
        try (Ingest i = store.begin(describe(a)).orElseThrow()) {
            i.write(a, 0, 40);
        }
        Instant later = Instant.now().plusSeconds(60);
        try (Ingest running = store.begin(describe(b)).orElseThrow()) {
            running.write(b, 0, 60);
            assertThat(store.deletePartials(Instant.now().minusSeconds(60))).isZero();
            assertThat(store.deletePartials(later)).isEqualTo(40);
            running.write(b, 60, 40);
            running.commit();
        }
        assertThat(store.find(describe(b).digest())).isPresent();
    }

    @Test
    void readsNoMoreThanAllowed() {
        byte[] a = bytes(18, 100);
        add(a);
        assertKind(ErrorKind.RESOURCE_EXHAUSTED, () -> store.read(describe(a), 99));
    }

    @Test
    void aVerifiedReadFindsAWrongDescriptor() {
        byte[] a = bytes(19, 100);
        add(a);
        Descriptor shorter = Descriptor.of(TYPE, describe(a).digest(), 99);
        Descriptor longer = Descriptor.of(TYPE, describe(a).digest(), 101);
        assertKind(ErrorKind.DATA_LOSS, () -> store.openVerified(shorter).readAllBytes());
        assertKind(ErrorKind.DATA_LOSS, () -> store.openVerified(longer).skip(200));
        assertKind(ErrorKind.DATA_LOSS, () -> store.begin(longer));
    }

    @Test
    void readsToTheEndWhileItIsDeleted() throws Exception {
        byte[] a = bytes(20, 200_000);
        add(a);
        try (InputStream in = store.openVerified(describe(a))) {
            assertThat(in.readNBytes(10)).hasSize(10);
            store.delete(describe(a).digest());
            assertThat(in.readAllBytes()).hasSize(199_990);
        }
    }
}
