// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Namespaces.NamespaceSummary;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamespaceRecordsTest {
    private static final String IMAGE = "docker.io/library/a:latest";

    @TempDir
    Path folder;

    private Database database;
    private NamespaceRecords namespaces;

    @BeforeEach
    void open() {
        database = Database.open(folder.resolve("kelp.db"));
        namespaces = new NamespaceRecords(database);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void oneIsThereWhenItWasMadeOrIsUsed() {
        assertThat(namespaces.list()).containsExactly(new NamespaceSummary("default", Map.of(), 0, 0, 0));
        assertThat(namespaces.insert("made", Map.of("a", "b"))).isTrue();
        assertThat(namespaces.insert("made", Map.of())).isFalse();
        images().put("used", IMAGE, target());
        assertThat(namespaces.insert("used", Map.of())).isFalse();
        assertThat(namespaces.list()).extracting(NamespaceSummary::name).containsExactly("default", "made", "used");
        assertThat(namespaces.find("made").orElseThrow().labels()).isEqualTo(Map.of("a", "b"));
        assertThat(namespaces.find("used").orElseThrow().images()).isEqualTo(1);
        assertThat(namespaces.find("none")).isEmpty();
    }

    @Test
    void labelsAreSetAndTakenAwayOneByOne() {
        assertThat(namespaces.label("none", Map.of("a", "b"))).isFalse();
        assertThat(namespaces.label("default", Map.of("a", "b", "c", "d"))).isTrue();
        assertThat(namespaces.label("default", Map.of("a", "", "e", "f"))).isTrue();
        assertThat(namespaces.find("default").orElseThrow().labels()).isEqualTo(Map.of("c", "d", "e", "f"));
    }

    @Test
    void onlyAnEmptyOneIsDeleted() {
        namespaces.insert("n", Map.of("a", "b"));
        images().put("n", IMAGE, target());
        assertThatThrownBy(() -> namespaces.delete("n")).hasMessageContaining("must be empty, but it still has images");
        images().delete("n", List.of(IMAGE));
        assertThat(namespaces.find("n").orElseThrow().labels()).isNotEmpty();
        assertThat(namespaces.delete("n")).isTrue();
        assertThat(namespaces.delete("n")).isFalse();
    }

    private ImageRecords images() {
        return new ImageRecords(database);
    }

    private static Descriptor target() {
        return Descriptor.of(MediaTypes.OCI_MANIFEST, Digest.ofSha256(new byte[0]), 0);
    }
}
