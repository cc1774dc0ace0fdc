// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.ImageLocation.Transport;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Images.SaveOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Images in folders and named archives of the user's.
class FolderTest {
    @TempDir
    Path folder;

    private TestEngine engine;
    private TestUser user;
    private Descriptor manifest;

    @BeforeEach
    void open() throws Exception {
        engine = new TestEngine(folder.resolve("data"));
        user = new TestUser(folder.resolve("home"));
        LayoutBuilder builder = new LayoutBuilder(folder.resolve("home/layout"));
        List<Layer> layers = List.of(
                builder.layer(Map.of("etc/hostname", LayoutBuilder.text("kelp"))),
                builder.randomLayer("data/one", 1, 300_000));
        manifest = builder.manifest(Platform.host(), layers);
        builder.tag(manifest, "v1");
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static ImageLocation at(String word) {
        return ImageLocation.parse(word).orElseThrow();
    }

    private List<Image> load(TestEngine into, String word) {
        return into.images.load(at(word), LoadOptions.DEFAULT, user, into.progress());
    }

    private void save(String name, String word) {
        engine.images.save(name, new SaveOptions(at(word), List.of()), user, Progress.NONE);
    }

    private String names(String word) throws Exception {
        try (TestEngine other = new TestEngine(Files.createTempDirectory(folder, "other"))) {
            List<Image> loaded = load(other, word);
            assertThat(loaded).allSatisfy(i -> assertThat(i.platforms()).hasSize(1));
            return String.join(
                    " ",
                    loaded.stream()
                            .map(i -> i.reference().map(Reference::familiar).orElse("-"))
                            .sorted()
                            .toList());
        }
    }

    @Test
    void placesAreReadAsContainersImageWritesThem() {
        assertThat(at("oci:a/b:v1")).isEqualTo(new ImageLocation(Transport.OCI, "a/b", "v1"));
        assertThat(at("dir:/a:b")).isEqualTo(new ImageLocation(Transport.DIR, "/a:b", null));
        assertThat(at("oci-archive:///a.tar")).isEqualTo(new ImageLocation(Transport.OCI_ARCHIVE, "/a.tar", null));
        assertThat(at("docker-archive:a.tar:app:2"))
                .isEqualTo(new ImageLocation(Transport.DOCKER_ARCHIVE, "a.tar", "app:2"));
        assertThat(ImageLocation.parse("alpine:3")).isEmpty();
        assertThatThrownBy(() -> ImageLocation.parse("oci::v1")).hasMessageContaining("lacks a path");
    }

    @Test
    void aLayoutGivesItsImageTheNameOfTheFolder() {
        Image image = load(engine, "oci:/layout:v1").getFirst();
        assertThat(image.reference()).contains(Reference.parse("localhost/layout:v1"));
        assertThat(image.target().digest()).isEqualTo(manifest.digest());
        assertThat(engine.collector.collect().blobs()).isEmpty();
        assertThatThrownBy(() -> load(engine, "oci:/layout:v2"))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
        assertThatThrownBy(() -> load(engine, "dir:/nowhere")).hasMessageContaining("no image folder");
    }

    @Test
    void damagedBlobsAreFound() throws Exception {
        Path blobs = folder.resolve("home/layout/blobs/sha256");
        Path largest = null;
        try (var all = Files.list(blobs)) {
            largest = all.max(java.util.Comparator.comparingLong(p -> p.toFile().length()))
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(largest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(largest, bytes);
        assertThatThrownBy(() -> load(engine, "oci:/layout"))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA_LOSS));
        assertThat(engine.images.list()).isEmpty();
    }

    @Test
    void whatIsWrittenIsReadAgain() throws Exception {
        load(engine, "oci:/layout");
        String name = "localhost/layout:v1";
        save(name, "oci:/out:one");
        save(name, "oci:/out:two");
        save(name, "oci:/out:one");
        assertThat(names("oci:/out")).isEqualTo("localhost/out:one localhost/out:two");
        assertThat(names("oci:/out:two")).isEqualTo("localhost/out:two");
        save(name, "dir:/plain");
        assertThat(names("dir:/plain")).isEqualTo("localhost/plain:latest");
        save(name, "docker-archive:/a.tar:app:2");
        assertThat(names("docker-archive:/a.tar")).isEqualTo("app:2");
        assertThat(names("docker-archive:/a.tar:app:2")).isEqualTo("app:2");
        assertThatThrownBy(() -> names("docker-archive:/a.tar:app:3")).hasMessageContaining("app:3");
        save(name, "oci-archive:/b.tar:three");
        assertThat(names("oci-archive:/b.tar:three")).isEqualTo(name);
    }

    @Test
    void whatIndexesNameAThousandTimesIsTakenOnce() throws Exception {
        LayoutBuilder hostile = new LayoutBuilder(folder.resolve("home/hostile"));
        Descriptor top = hostile.manifest(
                Platform.host(), List.of(hostile.layer(Map.of("etc/hostname", LayoutBuilder.text("kelp")))));
        for (int depth = 0; depth < 3; depth++) {
            top = hostile.blob(MediaTypes.OCI_INDEX, OciJson.write(Index.of(Collections.nCopies(1_000, top))));
        }
        hostile.tag(top, "v1");
        Duration enough = Duration.ofMinutes(1);
        assertTimeoutPreemptively(enough, () -> {
            assertThat(load(engine, "oci:/hostile").getFirst().platforms()).hasSize(1);
            save("localhost/hostile:v1", "oci:/out");
            engine.images.remove("localhost/hostile:v1", false);
            assertThat(engine.images.list()).isEmpty();
        });
    }

    @Test
    void filesOfSomethingElseAreNotReplaced() throws Exception {
        load(engine, "oci:/layout");
        String name = "localhost/layout:v1";
        Path site = Files.createDirectories(folder.resolve("home/site"));
        for (String file : List.of("manifest.json", "index.json")) {
            Files.writeString(site.resolve(file), "mine");
            String to = (file.startsWith("index") ? "oci" : "dir") + ":/site";
            assertThatThrownBy(() -> save(name, to))
                    .isInstanceOfSatisfying(
                            KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION))
                    .hasMessageContaining(file);
            assertThat(site.resolve(file)).hasContent("mine");
            Files.delete(site.resolve(file));
        }
        Files.writeString(site.resolve("version"), "1.2.3");
        assertThatThrownBy(() -> save(name, "dir:/site")).hasMessageContaining("version");
        assertThat(site).isDirectoryContaining(p -> p.endsWith("version"));
        save(name, "oci:/site");
    }

    @Test
    void onlyOneWritesAndTheIndexKeepsWhatItSays() throws Exception {
        load(engine, "oci:/layout");
        save("localhost/layout:v1", "oci:/out:one");
        Path index = folder.resolve("home/out/index.json");
        Index there = OciJson.read(Files.readAllBytes(index), Index.class, "index");
        Files.write(
                index,
                OciJson.write(new Index(2, there.mediaType(), null, there.manifests(), null, Map.of("by", "me"))));
        try (FolderWriter _ = new FolderWriter(at("oci:/out"), user)) {
            assertThatThrownBy(() -> save("localhost/layout:v1", "oci:/out:two"))
                    .hasMessageContaining("another image");
        }
        save("localhost/layout:v1", "oci:/out:two");
        Index after = OciJson.read(Files.readAllBytes(index), Index.class, "index");
        assertThat(after.manifests()).hasSize(2);
        assertThat(after.annotations()).containsEntry("by", "me");
    }

    @Test
    void severalWithoutTagDoNotTakeEachOthersName() throws Exception {
        LayoutBuilder two = new LayoutBuilder(folder.resolve("home/two"));
        Descriptor one = two.manifest(Platform.host(), List.of(two.layer(Map.of("a", LayoutBuilder.text("1")))));
        Descriptor other = two.manifest(Platform.host(), List.of(two.layer(Map.of("a", LayoutBuilder.text("2")))));
        Path index = two.folder().resolve("index.json");
        Files.write(index, OciJson.write(Index.of(List.of(one, other))));
        assertThat(names("oci:/two")).isEqualTo("- -");
        Files.write(index, OciJson.write(Index.of(List.of(other))));
        assertThat(names("oci:/two")).isEqualTo("localhost/two:latest");
    }

    @Test
    void skopeoReadsWhatWeWriteAndWeReadWhatItWrites() throws Exception {
        Programs.assume("skopeo");
        load(engine, "oci:/layout");
        String config = engine.images
                .inspect("localhost/layout:v1", null)
                .platform()
                .configDigest()
                .toString();
        Path home = folder.resolve("home");
        for (String made : List.of("oci:/ours:t", "dir:/ours-plain", "docker-archive:/ours.tar:app:1")) {
            save("localhost/layout:v1", made);
            Path to = Files.createTempDirectory(home, "to");
            String source = made.replaceFirst(":/", ":" + home + "/").replaceFirst("(\\.tar):.*", "$1");
            Programs.run(folder, "skopeo", "--insecure-policy", "copy", source, "dir:" + to);
            assertThat(OciJson.tree(Files.readAllBytes(to.resolve("manifest.json")), "manifest")
                            .path("config")
                            .path("digest")
                            .asString())
                    .as(made)
                    .isEqualTo(config);
            assertThat(names("dir:/" + to.getFileName())).as(made).startsWith("localhost/");
        }
    }
}
