// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageRecordsTest {
    private static final String A = "docker.io/library/a:latest";
    private static final String B = "docker.io/library/b:latest";

    @TempDir
    Path folder;

    private Database database;
    private ImageRecords images;

    @BeforeEach
    void open() {
        database = Database.open(folder.resolve("kelp.db"));
        images = new ImageRecords(database);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static Descriptor target(String text) {
        byte[] b = text.getBytes(StandardCharsets.UTF_8);
        return Descriptor.of(MediaTypes.OCI_MANIFEST, Digest.ofSha256(b), b.length);
    }

    @Test
    void anImageThatLosesItsLastNameDangles() {
        images.put("n", A, target("old"));
        images.put("n", B, target("old"));
        images.put("n", A, target("new"));
        assertThat(images.list("n")).extracting(ImageRecord::name).containsExactlyInAnyOrder(A, B);
        images.put("n", B, target("new"));
        assertThat(images.list("n"))
                .filteredOn(ImageRecord::isDangling)
                .extracting(i -> i.target().digest())
                .containsExactly(target("old").digest());
        images.put("n", B, target("old"));
        assertThat(images.list("n")).as("named again").noneMatch(ImageRecord::isDangling);
    }

    @Test
    void namespacesAreSeparate() {
        images.put("n", A, target("x"));
        images.put("m", A, target("y"));
        assertThat(images.find("n", A).orElseThrow().target()).isEqualTo(target("x"));
        images.delete("n", List.of(A, "not there"));
        assertThat(images.find("n", A)).isEmpty();
        assertThat(images.byTarget("m", target("y").digest())).hasSize(1);
        assertThat(new NamespaceRecords(database).list())
                .extracting(n -> n.name() + " " + n.images())
                .containsExactly("default 0", "m 1");
    }

    @Test
    void countsTheNamesOfATarget() {
        images.put("n", A, target("x"));
        images.put("n", B, target("x"));
        images.put("m", A, target("x"));
        assertThat(images.namesOf("n", target("x").digest())).isEqualTo(2);
        images.delete("n", List.of(A));
        images.sync();
        assertThat(images.namesOf("n", target("x").digest())).isEqualTo(1);
        assertThat(images.namesOf("n", target("y").digest())).isZero();
    }
}
