// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.kelp.engine.Changes.CommitOptions;
import dev.kelp.engine.Changes.Committed;
import dev.kelp.engine.Changes.Compression;
import dev.kelp.engine.Changes.Format;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.engine.Images.ImportOptions;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Images.Pruned;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.diff.Exclusions;
import dev.kelp.snapshot.diff.ShownOwners;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Images that are made here: commit and import; and their end: prune.
class ImageMakingTest {
    private static final String CONTAINER = "c".repeat(64);

    @TempDir
    Path folder;

    private TestEngine engine;
    private LayoutBuilder builder;

    @BeforeEach
    void open() throws Exception {
        engine = new TestEngine(folder.resolve("data"));
        builder = new LayoutBuilder(folder.resolve("layout"));
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private Descriptor load(String name, int seed) throws Exception {
        Descriptor top = builder.manifest(Platform.host(), List.of(builder.randomLayer("f" + seed, seed, 1000)));
        builder.tag(top, name);
        Path tar = folder.resolve("layout.tar");
        Programs.run(
                folder, "tar", "-cf", tar.toString(), "-C", builder.folder().toString(), ".");
        try (InputStream in = Files.newInputStream(tar)) {
            engine.images.load(in, LoadOptions.DEFAULT, Progress.NONE);
        }
        return top;
    }

    /// A container's layer on an image, with a file in it.
    private Snapshotter container(String image) throws IOException {
        ImageBase base = engine.images.base(image, null, null);
        engine.overlay.prepare(CONTAINER, base.parent(), Map.of());
        Files.writeString(engine.overlay.layerTarget(CONTAINER).directory().resolve("new"), "new");
        return engine.overlay;
    }

    private Committed commit(String image, CommitOptions options, Consumer<Runnable> frozen) {
        ImageBase base = engine.images.base(image, null, null);
        List<String> warnings = new ArrayList<>();
        Committed c = engine.images.commit(new ContainerCommit.Request(
                base.digest(),
                engine.overlay.changes(CONTAINER),
                Exclusions.NONE,
                base.config().execution(),
                "sh -c x",
                "overlayfs",
                options,
                frozen,
                ShownOwners.HERE,
                warnings::add));
        assertThat(warnings).isEmpty();
        return c;
    }

    private static CommitOptions options(Optional<Format> format, Compression compression, String... changes) {
        return new CommitOptions(
                Optional.of(Reference.parse("made:1")), "Ada", "why", List.of(changes), true, format, compression);
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void aContainerBecomesAnImage(Compression compression) throws Exception {
        load("base:1", 1);
        container("base:1");
        Committed made =
                commit("base:1", options(Optional.empty(), compression, "ENV X=$A", "CMD [\"x\"]"), Runnable::run);
        ImageDetail d = engine.images.inspect("made:1", null);
        assertThat(d.platform().id()).isEqualTo(made.image());
        assertThat(d.platform().configDigest()).isEqualTo(made.config());
        assertThat(d.config().execution().env()).containsExactly("A=b", "X=b");
        assertThat(d.config().execution().cmd()).containsExactly("x");
        assertThat(d.config().author()).isEqualTo("Ada");
        assertThat(d.config().history()).hasSize(1);
        assertThat(d.config().history().getFirst().createdBy()).isEqualTo("sh -c x");
        assertThat(d.manifest().layers().getLast().mediaType())
                .isEqualTo(
                        switch (compression) {
                            case UNCOMPRESSED -> MediaTypes.OCI_LAYER;
                            case GZIP -> MediaTypes.OCI_LAYER_GZIP;
                            case ZSTD -> MediaTypes.OCI_LAYER_ZSTD;
                        });
        assertThat(engine.images.layers(d)).hasSize(2).allMatch(l -> l.sizeBytes() > 0);
        engine.overlay.remove(CONTAINER);
        assertThat(engine.collector.collect().blobs()).isEmpty();
        Path file = engine.overlay
                .layerTarget(prepared("made:1"))
                .parents()
                .getFirst()
                .resolve("new");
        assertThat(file).hasContent("new");
    }

    private String prepared(String image) {
        engine.overlay.prepare("look", engine.images.base(image, null, null).parent(), Map.of());
        return "look";
    }

    @Test
    void formatsKnowTheirLayers() throws Exception {
        load("base:1", 1);
        container("base:1");
        commit("base:1", options(Optional.of(Format.DOCKER), Compression.GZIP), Runnable::run);
        ImageDetail d = engine.images.inspect("made:1", null);
        assertThat(d.image().target().mediaType()).isEqualTo(MediaTypes.DOCKER_MANIFEST);
        assertThat(d.manifest().config().mediaType()).isEqualTo(MediaTypes.DOCKER_CONFIG);
        assertThat(d.manifest().layers()).allMatch(l -> l.mediaType().equals(MediaTypes.DOCKER_LAYER_GZIP));
        assertThatThrownBy(() -> commit("base:1", options(Optional.of(Format.DOCKER), Compression.ZSTD), Runnable::run))
                .hasMessageContaining("zstd");
    }

    @Test
    void nothingChangedIsNoLayer() throws Exception {
        load("base:1", 1);
        Files.delete(container("base:1").layerTarget(CONTAINER).directory().resolve("new"));
        commit("base:1", options(Optional.empty(), Compression.GZIP, "USER me"), Runnable::run);
        ImageDetail d = engine.images.inspect("made:1", null);
        assertThat(d.manifest().layers()).hasSize(1);
        assertThat(d.config().history().getLast().emptyLayer()).isTrue();
    }

    @Test
    void aCommitThatFailsLeavesNothing() throws Exception {
        load("base:1", 1);
        container("base:1");
        long before = engine.content.usage().blobs();
        assertThatThrownBy(() -> commit("base:1", options(Optional.empty(), Compression.GZIP), work -> {
                    work.run();
                    throw KelpException.notFound("the container was removed meanwhile");
                }))
                .hasMessageContaining("removed meanwhile");
        assertThatThrownBy(() -> commit("base:1", options(Optional.empty(), Compression.GZIP, "NO thing"), w -> {}))
                .hasMessageContaining("`NO` is not an instruction");
        assertThat(engine.images.find("made:1")).isEmpty();
        engine.collector.collect();
        assertThat(engine.content.usage().blobs()).isEqualTo(before);
        assertThat(engine.content.partials()).isEmpty();
    }

    private static byte[] tar(String... names) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter tar = new TarWriter(bytes);
        for (String n : names) {
            tar.file(n, n.getBytes(StandardCharsets.UTF_8));
        }
        tar.end();
        return bytes.toByteArray();
    }

    private Image importTree(byte[] bytes, String... changes) {
        return engine.images.importTree(
                new ByteArrayInputStream(bytes),
                new ImportOptions(
                        Optional.of(Reference.parse("tree:1")),
                        "from a test",
                        List.of(changes),
                        Platform.parse("linux/arm64"),
                        null),
                Progress.NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "gzip", "zstd"})
    void aTarBecomesAnImage(String how) throws Exception {
        byte[] plain = tar("etc/x", "bin/y");
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(plain);
        }
        byte[] bytes = switch (how) {
            case "gzip" -> gzip.toByteArray();
            case "zstd" -> Zstd.compress(plain);
            default -> plain;
        };
        importTree(bytes, "CMD [\"/bin/y\"]");
        ImageDetail d = engine.images.inspect("tree:1", Platform.parse("linux/arm64"));
        assertThat(d.config().rootfs().diffIds()).containsExactly(dev.kelp.model.Digest.ofSha256(plain));
        assertThat(d.config().execution().cmd()).containsExactly("/bin/y");
        assertThat(d.config().history().getFirst().comment()).isEqualTo("from a test");
        if (!how.equals("plain")) {
            assertThat(d.manifest().layers().getFirst().digest()).isEqualTo(dev.kelp.model.Digest.ofSha256(bytes));
        }
        assertThat(engine.overlay.stat(engine.images.layers(d).getFirst().chainId()))
                .isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not a tar at all", "BZh91AY&SY", "\u001f\u008b\u0008 broken", "../outside"})
    void whatIsNoTreeLeavesNothing(String content) throws Exception {
        byte[] bytes = content.startsWith("..") ? tar(content) : content.getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> importTree(bytes)).isInstanceOf(KelpException.class);
        assertThat(engine.images.list()).isEmpty();
        engine.collector.collect();
        assertThat(engine.content.usage().blobs()).isZero();
        assertThat(engine.content.partials()).isEmpty();
        assertThat(engine.snapshots()).isEmpty();
    }

    @Test
    void pruneTakesWhatNobodyUses() throws Exception {
        load("used:latest", 1);
        load("free:latest", 2);
        load("used:old", 3);
        engine.images.tag("free", Reference.parse("used:old"));
        use(engine.images.base("used", null, null).digest().toString());
        Pruned dangling = engine.images.prune(false, i -> true);
        assertThat(dangling.untagged()).isEmpty();
        assertThat(dangling.deleted()).hasSize(1);
        assertThat(dangling.reclaimedBytes()).isPositive();
        assertThat(engine.images.prune(true, i -> false).deleted()).isEmpty();
        Pruned all = engine.images.prune(true, i -> true);
        assertThat(all.untagged()).containsExactlyInAnyOrder("free:latest", "used:old");
        assertThat(engine.images.list())
                .singleElement()
                .satisfies(
                        i -> assertThat(i.reference().orElseThrow().familiar()).isEqualTo("used:latest"));
    }

    @Test
    void pruneLeavesWhatIsBeingFetched() throws Exception {
        load("base:1", 1);
        byte[] bytes = "on its way".getBytes(StandardCharsets.UTF_8);
        Descriptor d = Descriptor.of("text/plain", dev.kelp.model.Digest.ofSha256(bytes), bytes.length);
        engine.leases.open(GarbageCollector.PARTIAL_LIFE).retain(List.of(Nodes.blob(d.digest())));
        engine.content.put(d, bytes);
        engine.images.prune(true, i -> true);
        assertThat(engine.content.list())
                .singleElement()
                .satisfies(b -> assertThat(b.digest()).isEqualTo(d.digest()));
    }

    private void use(String manifest) {
        engine.database.write(c -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO containers (namespace, id, name, phase, created,"
                    + " definition, run) VALUES ('default', ?, 'c', 'EXITED', 0, ?, x'7b7d')")) {
                s.setString(1, CONTAINER);
                s.setBytes(2, ("{\"imageDigest\":\"" + manifest + "\"}").getBytes(StandardCharsets.UTF_8));
                return s.executeUpdate();
            }
        });
    }

    @Test
    void kindsOfFailureAreTheUsers() {
        assertThatThrownBy(() -> importTree(new byte[0]))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_ARGUMENT));
    }
}
