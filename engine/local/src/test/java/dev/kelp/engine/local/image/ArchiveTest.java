// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveTest {
    private static final String NAME = "docker.io/library/app:1";
    private static final Platform OTHER = new Platform("linux", "s390x", null);

    @TempDir
    Path folder;

    private TestEngine engine;
    private LayoutBuilder builder;
    private List<Layer> layers;
    private Descriptor manifest;

    @BeforeEach
    void open() throws Exception {
        engine = new TestEngine(folder.resolve("data"));
        builder = new LayoutBuilder(folder.resolve("layout"));
        layers = List.of(
                builder.layer(Map.of("etc/hostname", LayoutBuilder.text("kelp"))),
                builder.randomLayer("data/one", 1, 300_000));
        manifest = builder.manifest(Platform.host(), layers);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    /// The layout as a tar, made by tar(1).
    private Path layoutTar(Descriptor top, String tag) throws Exception {
        builder.tag(top, tag);
        Path tar = folder.resolve("layout.tar");
        Programs.run(
                folder, "tar", "-cf", tar.toString(), "-C", builder.folder().toString(), ".");
        return tar;
    }

    private List<Image> load(Path archive) throws Exception {
        return load(engine, archive);
    }

    private static List<Image> load(TestEngine into, Path archive) throws Exception {
        try (InputStream in = Files.newInputStream(archive)) {
            return into.images.load(in, LoadOptions.DEFAULT, into.progress());
        }
    }

    private Path save(String... names) throws Exception {
        Path archive = Files.createTempFile(folder, "saved", ".tar");
        try (OutputStream out = Files.newOutputStream(archive)) {
            engine.images.save(List.of(names), List.of(), out, Progress.NONE);
        }
        return archive;
    }

    private String top() {
        return ChainId.of(layers.stream().map(Layer::diffId).toList()).getLast();
    }

    @Test
    void loadsALayoutWithAWholeName() throws Exception {
        List<Image> loaded = load(layoutTar(manifest, NAME));
        assertThat(loaded).singleElement().satisfies(i -> {
            assertThat(i.reference()).contains(Reference.parse(NAME));
            assertThat(i.target().digest()).isEqualTo(manifest.digest());
            assertThat(i.platforms()).hasSize(1);
        });
        assertThat(engine.snapshots()).contains(top());
        assertThat(engine.collector.collect().blobs()).isEmpty();
    }

    @Test
    void aBareTagIsNoName() throws Exception {
        assertThat(load(layoutTar(manifest, "latest"))).singleElement().satisfies(i -> {
            assertThat(i.reference()).isEmpty();
            assertThat(i.target().digest()).isEqualTo(manifest.digest());
        });
        engine.images.tag(manifest.digest().shortHex(), Reference.parse(NAME));
        assertThat(engine.images.list())
                .singleElement()
                .satisfies(i -> assertThat(i.reference()).contains(Reference.parse(NAME)));
    }

    @Test
    void roundTripKeepsTheDigest() throws Exception {
        load(layoutTar(manifest, NAME));
        engine.images.tag(NAME, Reference.parse("other/name:2"));
        Path saved = save(NAME, "other/name:2");
        try (TestEngine other = new TestEngine(folder.resolve("other"))) {
            List<Image> loaded = load(other, saved);
            assertThat(loaded)
                    .extracting(i -> i.reference().orElseThrow().familiar())
                    .containsExactlyInAnyOrder("app:1", "other/name:2");
            assertThat(loaded).allMatch(i -> i.target().digest().equals(manifest.digest()));
        }
        assertThat(save(NAME, "other/name:2")).as("the same bytes each time").hasSameBinaryContentAs(saved);
    }

    @Test
    void gzipAndZstdAreUnpacked() throws Exception {
        Path tar = layoutTar(manifest, NAME);
        Path gz = folder.resolve("a.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gz))) {
            Files.copy(tar, out);
        }
        assertThat(load(gz)).hasSize(1);
        Programs.assume("zstd");
        Programs.run(
                folder,
                "zstd",
                "-q",
                tar.toString(),
                "-o",
                folder.resolve("a.tar.zst").toString());
        try (TestEngine other = new TestEngine(folder.resolve("other"))) {
            assertThat(load(other, folder.resolve("a.tar.zst"))).hasSize(1);
        }
    }

    @Test
    void severalPlatformsSurviveAndMissingOnesAreTolerated() throws Exception {
        Map<Platform, Descriptor> both = new LinkedHashMap<>();
        both.put(OTHER, builder.manifest(OTHER, List.of(builder.randomLayer("z", 3, 100_000))));
        both.put(Platform.host(), manifest);
        Descriptor index = builder.index(both);
        assertThat(load(layoutTar(index, NAME)).getFirst().platforms()).hasSize(2);
        Path host = folder.resolve("host.tar");
        try (OutputStream out = Files.newOutputStream(host)) {
            engine.images.save(List.of(NAME), List.of(Platform.host()), out, Progress.NONE);
        }
        try (TestEngine other = new TestEngine(folder.resolve("other"))) {
            Image loaded = load(other, host).getFirst();
            assertThat(loaded.target().digest()).isEqualTo(index.digest());
            assertThat(loaded.platforms()).extracting(p -> p.platform()).containsExactly(Platform.host());
            try (InputStream in = Files.newInputStream(host)) {
                LoadOptions wanted = new LoadOptions(List.of(OTHER), false, true, null);
                assertThatThrownBy(() -> other.images.load(in, wanted, Progress.NONE))
                        .hasMessageContaining("not for linux/s390x");
            }
        }
    }

    @Test
    void skopeoReadsWhatWeSave() throws Exception {
        Programs.assume("skopeo");
        load(layoutTar(manifest, NAME));
        Path saved = save(NAME);
        for (String transport : List.of("docker-archive:" + saved, "oci-archive:" + saved)) {
            Path to = Files.createTempDirectory(folder, "to");
            Programs.run(folder, "skopeo", "--insecure-policy", "copy", transport, "dir:" + to);
            String config = OciJson.tree(Files.readAllBytes(to.resolve("manifest.json")), "manifest")
                    .path("config")
                    .path("digest")
                    .asString();
            assertThat(config)
                    .as(transport)
                    .isEqualTo(engine.images
                            .inspect(NAME, null)
                            .platform()
                            .configDigest()
                            .toString());
        }
    }

    @Test
    void podmanLoadsWhatWeSaveAndWeLoadWhatItSaves() throws Exception {
        Programs.assume("podman");
        String[] map = Files.readString(Path.of("/proc/self/uid_map")).strip().split("\\s+");
        Assumptions.assumeTrue(map[1].equals("0"), "podman does not start inside an ordinary user's namespace");
        load(layoutTar(manifest, NAME));
        Path saved = save(NAME);
        // podman takes no longer path than 50 characters for it
        Path podrun = Files.createTempDirectory(Path.of("/tmp"), "pod");
        String[] podman = {
            "podman",
            "--root",
            folder.resolve("pod").toString(),
            "--runroot",
            podrun.toString(),
            "--storage-driver",
            "vfs",
            "--cgroup-manager",
            "cgroupfs",
            "--events-backend",
            "none"
        };
        assertThat(podman(podman, "load", "-i", saved.toString())).contains(NAME);
        for (String format : List.of("docker-archive", "oci-archive")) {
            Path theirs = folder.resolve(format + ".tar");
            podman(podman, "save", "--format", format, "-o", theirs.toString(), NAME);
            try (TestEngine other = new TestEngine(folder.resolve("from-" + format))) {
                Image loaded = load(other, theirs).getFirst();
                assertThat(loaded.reference()).as(format).contains(Reference.parse(NAME));
                assertThat(other.snapshots()).contains(top());
            }
        }
        podman(podman, "rmi", "--all");
        Programs.run(folder, "rm", "-r", podrun.toString());
    }

    private String podman(String[] podman, String... arguments) throws Exception {
        String[] all = java.util.Arrays.copyOf(podman, podman.length + arguments.length);
        System.arraycopy(arguments, 0, all, podman.length, arguments.length);
        return Programs.run(folder, all);
    }

    @Test
    void loadsDockersOlderArchives() throws Exception {
        Programs.assume("skopeo");
        builder.tag(manifest, "t");
        Path archive = folder.resolve("docker.tar");
        Programs.run(
                folder,
                "skopeo",
                "--insecure-policy",
                "copy",
                "oci:" + builder.folder() + ":t",
                "docker-archive:" + archive + ":app:1");
        Image loaded = load(archive).getFirst();
        assertThat(loaded.reference()).contains(Reference.parse(NAME));
        assertThat(engine.images.inspect("app:1", null).platform().configDigest())
                .isNotNull();
        assertThat(engine.snapshots()).contains(top());
        assertThat(engine.collector.collect())
                .satisfies(c -> assertThat(c.snapshots()).isEmpty());
        assertThat(engine.images.inspect("app:1", null).manifest().layers()).hasSize(2);
    }

    @Test
    void linksInsideAnArchiveAreFollowed() throws Exception {
        byte[] layer = new byte[1024];
        byte[] config = Files.readAllBytes(builder.folder()
                .resolve("blobs/sha256")
                .resolve(configOf(builder.manifest(
                                Platform.host(),
                                List.of(
                                        new Layer(layers.getFirst().blob(), Digest.ofSha256(layer)),
                                        new Layer(layers.getFirst().blob(), Digest.ofSha256(layer)))))
                        .hex()));
        Path archive = folder.resolve("links.tar");
        Path stage = Files.createDirectories(folder.resolve("stage"));
        Files.createDirectories(stage.resolve("a"));
        Files.createDirectories(stage.resolve("b"));
        Files.write(stage.resolve("a/layer.tar"), layer);
        Files.createSymbolicLink(stage.resolve("b/layer.tar"), Path.of("../a/layer.tar"));
        Files.write(stage.resolve("c.json"), config);
        Files.writeString(
                stage.resolve("manifest.json"),
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"app:1\"],\"Layers\":[\"a/layer.tar\",\"b/layer.tar\"]}]");
        Programs.run(folder, "tar", "-cf", archive.toString(), "-C", stage.toString(), ".");
        assertThat(load(archive))
                .singleElement()
                .satisfies(i -> assertThat(i.platforms()).hasSize(1));
    }

    private Digest configOf(Descriptor m) throws Exception {
        byte[] bytes = Files.readAllBytes(
                builder.folder().resolve("blobs/sha256").resolve(m.digest().hex()));
        return OciJson.read(bytes, dev.kelp.model.oci.Manifest.class, "manifest")
                .config()
                .digest();
    }

    @Test
    void whatIsWrongIsSaidAndLeavesNothing() throws Exception {
        assertRefused(new byte[0], ErrorKind.INVALID_ARGUMENT, "empty");
        assertRefused(new byte[4096], ErrorKind.INVALID_ARGUMENT, "neither");
        assertRefused(LayoutBuilder.text("no tar at all".repeat(100)), ErrorKind.INVALID_ARGUMENT, "not a tar");
        Path tar = layoutTar(manifest, NAME);
        byte[] whole = Files.readAllBytes(tar);
        assertRefused(java.util.Arrays.copyOf(whole, whole.length / 2), ErrorKind.DATA_LOSS, "ends in the middle");
        Files.delete(builder.folder()
                .resolve("blobs/sha256")
                .resolve(layers.get(1).blob().digest().hex()));
        assertRefused(Files.readAllBytes(layoutTar(manifest, NAME)), ErrorKind.DATA_LOSS, "not complete");
        Files.write(
                builder.folder()
                        .resolve("blobs/sha256")
                        .resolve(layers.get(1).blob().digest().hex()),
                LayoutBuilder.text("something else"));
        assertRefused(Files.readAllBytes(layoutTar(manifest, NAME)), ErrorKind.DATA_LOSS, "refused");
        assertThat(engine.images.list()).isEmpty();
        engine.collector.collect();
        assertThat(engine.content.list()).isEmpty();
        assertThat(engine.snapshots()).isEmpty();
    }

    private void assertRefused(byte[] archive, ErrorKind kind, String why) {
        assertThatThrownBy(
                        () -> engine.images.load(new ByteArrayInputStream(archive), LoadOptions.DEFAULT, Progress.NONE))
                .isInstanceOfSatisfying(KelpException.class, e -> {
                    assertThat(e.getMessage()).contains(why);
                    assertThat(e.kind()).isEqualTo(kind);
                });
    }
}
