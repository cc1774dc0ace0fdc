// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Mounts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciLayoutStoreTest extends ContentStoreContract {
    @TempDir
    Path folder;

    @Override
    ContentStore reopen() {
        return new OciLayoutStore(folder.resolve("content"));
    }

    private Path blob(Descriptor d) {
        return folder.resolve("content/blobs/sha256").resolve(d.digest().hex());
    }

    @Test
    void isAnOciLayout() throws Exception {
        assertThat(folder.resolve("content/oci-layout")).hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
        assertThat(folder.resolve("content/index.json")).exists();
    }

    @Test
    void findsDamageOnTheDisk() throws Exception {
        byte[] b = bytes(30, 100_000);
        Descriptor d = describe(b);
        store.put(d, b);
        byte[] damaged = b.clone();
        damaged[50_000] ^= 1;
        Files.write(blob(d), damaged);
        assertThatThrownBy(() -> store.read(d, b.length))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA_LOSS))
                .hasMessageContaining("damaged");
        Files.write(blob(d), java.util.Arrays.copyOf(b, 10));
        assertThatThrownBy(() -> store.begin(d)).hasMessageContaining("10 bytes");
    }

    @Test
    void aDamagedPartialIsNotBelieved() throws Exception {
        byte[] b = bytes(31, 1000);
        Descriptor d = describe(b);
        try (Ingest i = store.begin(d).orElseThrow()) {
            i.write(b, 0, 500);
        }
        Path partial = folder.resolve("content/ingest/sha256-" + d.digest().hex());
        Files.write(partial, new byte[500]);
        Ingest resumed = store.begin(d).orElseThrow();
        resumed.write(b, 500, 500);
        assertThatThrownBy(resumed::commit).hasMessageContaining("have digest");
        assertThat(partial).doesNotExist();
        Files.write(partial, new byte[1001]);
        try (Ingest tooLong = store.begin(d).orElseThrow()) {
            assertThat(tooLong.offset()).isZero();
            tooLong.write(b, 0, 1000);
            tooLong.commit();
        }
        assertThat(store.read(d, 1000)).isEqualTo(b);
    }

    @Test
    void forgetsUnnamedPartialsAndStrangeFiles() throws Exception {
        Files.write(folder.resolve("content/ingest/unnamed-7"), new byte[9]);
        Files.write(folder.resolve("content/blobs/sha256/README"), new byte[9]);
        store = reopen();
        assertThat(store.partials()).isEmpty();
        assertThat(store.list()).isEmpty();
    }

    @Test
    void aFullDiskIsSaidAndCanBeResumed() throws Exception {
        Assumptions.assumeFalse(
                "none".equals(System.getenv("KELP_TEST_NAMESPACE")), "cannot mount: no user namespaces here");
        Path small = Files.createDirectories(folder.resolve("small"));
        Mounts.mount("tmpfs", small.toString(), "tmpfs", 0, "size=1m");
        try {
            ContentStore tiny = new OciLayoutStore(small.resolve("content"));
            byte[] filler = bytes(32, 600_000);
            tiny.put(describe(filler), filler);
            byte[] b = bytes(33, 600_000);
            Ingest ingest = tiny.begin(describe(b)).orElseThrow();
            assertThatThrownBy(() -> {
                        for (int at = 0; at < b.length; at += 20_000) {
                            ingest.write(b, at, 20_000);
                        }
                    })
                    .isInstanceOfSatisfying(KelpException.class, e -> {
                        assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE_EXHAUSTED);
                        assertThat(e.hint()).isPresent();
                    });
            tiny.delete(describe(filler).digest());
            try (Ingest resumed = tiny.begin(describe(b)).orElseThrow()) {
                int at = (int) resumed.offset();
                assertThat(at).isPositive();
                resumed.write(b, at, b.length - at);
                resumed.commit();
            }
            assertThat(tiny.read(describe(b), b.length)).isEqualTo(b);
        } finally {
            Mounts.unmount(small.toString(), Mounts.MNT_DETACH);
        }
    }
}
