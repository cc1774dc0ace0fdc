// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Changes.Compression;
import dev.kelp.engine.Images.ConvertOptions;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageConversionTest {
    private static final Platform OTHER = new Platform("linux", "s390x", null);

    @TempDir
    Path folder;

    private TestEngine engine;
    private LayoutBuilder builder;
    private Layer shared;

    @BeforeEach
    void open() throws Exception {
        engine = new TestEngine(folder.resolve("data"));
        builder = new LayoutBuilder(folder.resolve("layout"));
        shared = builder.layer(Map.of("etc/motd", LayoutBuilder.text("hello ".repeat(1000))));
        Map<Platform, Descriptor> both = new LinkedHashMap<>();
        both.put(Platform.host(), builder.manifest(Platform.host(), List.of(shared, builder.randomLayer("a", 1, 500))));
        both.put(OTHER, builder.manifest(OTHER, List.of(shared)));
        builder.tag(builder.index(both), "docker.io/library/a:1");
        Path tar = folder.resolve("layout.tar");
        Programs.run(
                folder, "tar", "-cf", tar.toString(), "-C", builder.folder().toString(), ".");
        try (InputStream in = Files.newInputStream(tar)) {
            engine.images.load(in, new LoadOptions(List.of(), true, true, null), Progress.NONE);
        }
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private Image convert(boolean all, Optional<Compression> compression, String name) {
        return engine.images.convert(
                "a:1",
                Reference.parse(name),
                new ConvertOptions(List.of(), all, true, compression, null),
                Progress.NONE);
    }

    @Test
    void packsLayersInAnotherWayAndKeepsWhatIsUnpacked() {
        ImageDetail before = engine.images.inspect("a:1", null);
        Image made = convert(false, Optional.of(Compression.ZSTD), "z:1");
        assertThat(made.target().mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
        ImageDetail after = engine.images.inspect("z:1", null);
        assertThat(after.manifest().layers()).extracting(Descriptor::mediaType).containsOnly(MediaTypes.OCI_LAYER_ZSTD);
        assertThat(after.manifest().config().digest())
                .isEqualTo(before.manifest().config().digest());
        assertThat(after.platform().sizeBytes())
                .isEqualTo(before.platform().sizeBytes())
                .isPositive();
        // it stands on its own
        engine.images.remove("a:1", false);
        engine.collector.collect();
        assertThat(engine.images.find("z:1").orElseThrow().platforms()).hasSize(1);
        assertThat(engine.images.base("z:1", null, null).parent()).isNotNull();
    }

    @Test
    void unpacksForAllPlatforms() throws Exception {
        Image made = convert(true, Optional.of(Compression.UNCOMPRESSED), "plain:1");
        assertThat(made.target().mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        assertThat(made.platforms()).extracting(p -> p.platform()).containsExactly(Platform.host(), OTHER);
        Descriptor layer =
                engine.images.inspect("plain:1", OTHER).manifest().layers().getFirst();
        assertThat(layer.mediaType()).isEqualTo(MediaTypes.OCI_LAYER);
        assertThat(layer.digest()).as("a plain layer is its own diff id").isEqualTo(shared.diffId());
        assertThat(Platform.host()).isEqualTo(made.platforms().getFirst().platform());
    }

    @Test
    void mediaTypesAlone() {
        Image made = convert(false, Optional.empty(), "same:1");
        assertThat(made.target().digest())
                .isEqualTo(engine.images.inspect("a:1", null).platform().id());
    }

    @Test
    void refusesAPlatformThatIsNotHereAndLeavesNothing() {
        Platform none = new Platform("linux", "riscv64", null);
        assertThatThrownBy(() -> engine.images.convert(
                        "a:1",
                        Reference.parse("n:1"),
                        new ConvertOptions(List.of(none), false, true, Optional.empty(), null),
                        Progress.NONE))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
        assertThat(engine.images.find("n:1")).isEmpty();
    }
}
