// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.content.Ingest;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.snapshot.Snapshotter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullTest {
    @TempDir
    static Path shared;

    private static TestRegistry registry;
    private static LayoutBuilder builder;
    private static List<Layer> layers;
    private static Descriptor manifest;
    private static Descriptor index;
    private static final Platform OTHER = new Platform("linux", "s390x", null);

    @TempDir
    Path folder;

    private TestEngine engine;
    private TestUser user;

    @BeforeAll
    static void publish() throws Exception {
        registry = TestRegistry.start(shared.resolve("registry"));
        builder = new LayoutBuilder(shared.resolve("layout"));
        layers = List.of(
                builder.layer(Map.of("etc/hostname", LayoutBuilder.text("kelp"), "bin/sh", LayoutBuilder.text("#!"))),
                builder.randomLayer("data/one", 1, 3_000_000),
                builder.layer(Map.of("bin/.wh.sh", new byte[0], "etc/motd", LayoutBuilder.text("hello"))),
                builder.randomLayer("data/two", 2, 2_000_000));
        manifest = builder.manifest(Platform.host(), layers);
        Map<Platform, Descriptor> both = new LinkedHashMap<>();
        both.put(OTHER, builder.manifest(OTHER, List.of(builder.randomLayer("z", 3, 100_000))));
        both.put(Platform.host(), manifest);
        index = builder.index(both);
        builder.push(index, registry.host() + "/multi:1");
        builder.push(manifest, registry.host() + "/single:1");
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @BeforeEach
    void open() {
        engine = new TestEngine(folder.resolve("data"));
        user = new TestUser(folder.resolve("user"));
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static Reference reference(String name) {
        return Reference.parse(registry.host() + "/" + name);
    }

    private Image pull(String name, PullOptions options) {
        return engine.images.pull(reference(name), options, user, engine.progress());
    }

    private static PullOptions options(List<Platform> platforms, boolean all, String snapshotter) {
        return new PullOptions(platforms, all, true, snapshotter, RegistryOptions.DEFAULT);
    }

    private static String top() {
        return ChainId.of(layers.stream().map(Layer::diffId).toList()).getLast();
    }

    private Path file(Snapshotter snapshotter, String chain, String path) throws Exception {
        String key = "look-" + System.nanoTime();
        snapshotter.prepare(key, chain, Map.of());
        for (Path p : snapshotter.layerTarget(key).parents()) {
            if (Files.exists(p.resolve(path))) {
                return p.resolve(path);
            }
        }
        return snapshotter.layerTarget(key).directory().resolve(path);
    }

    @Test
    void fetchesAndUnpacksThisPlatform() throws Exception {
        Image image = pull("multi:1", PullOptions.DEFAULT);
        assertThat(image.reference()).contains(reference("multi:1"));
        assertThat(image.target().digest()).isEqualTo(index.digest());
        assertThat(image.platforms()).singleElement().satisfies(p -> {
            assertThat(p.id()).isEqualTo(manifest.digest());
            assertThat(p.platform()).isEqualTo(Platform.host());
            assertThat(p.blobBytes()).isGreaterThan(5_000_000);
            assertThat(p.sizeBytes()).isGreaterThan(5_000_000);
            assertThat(p.labels()).containsEntry("l", "v");
            assertThat(p.created()).hasToString("2026-01-02T03:04:05Z");
        });
        assertThat(engine.snapshots()).hasSize(4).contains(top());
        assertThat(file(engine.overlay, top(), "etc/motd")).hasContent("hello");
        assertThat(file(engine.overlay, top(), "data/one")).hasSize(3_000_000);
        ImageDetail detail = engine.images.inspect(reference("multi:1").familiar(), null);
        assertThat(detail.config().execution().env()).containsExactly("A=b");
        assertThat(detail.repoDigests()).containsExactly(registry.host() + "/multi@" + index.digest());
        assertThat(engine.collector.collect().blobs())
                .as("nothing is unreachable")
                .isEmpty();
        assertThat(engine.content.partials()).isEmpty();
    }

    @Test
    void tellsHowItGoes() {
        pull("multi:1", PullOptions.DEFAULT);
        assertThat(engine.states(reference("multi:1").toString())).containsExactly(State.RESOLVING, State.RESOLVED);
        assertThat(engine.states("index-" + index.digest())).containsExactly(State.DONE);
        assertThat(engine.states("manifest-" + manifest.digest())).containsExactly(State.DONE);
        for (Layer l : layers) {
            assertThat(engine.states("layer-" + l.blob().digest()))
                    .startsWith(State.WAITING)
                    .contains(State.DOWNLOADING, State.UNPACKING)
                    .endsWith(State.DONE);
        }
        assertThat(engine.updates.stream()
                        .filter(u -> u.key().startsWith("config-"))
                        .toList())
                .anyMatch(u -> u.state() == State.DONE && u.offsetBytes() == u.totalBytes());
    }

    @Test
    void findsItHereTheSecondTime() {
        pull("multi:1", PullOptions.DEFAULT);
        engine.updates.clear();
        pull("single:1", PullOptions.DEFAULT);
        for (Layer l : layers) {
            assertThat(engine.states("layer-" + l.blob().digest())).containsExactly(State.WAITING, State.EXISTS);
        }
        assertThat(engine.images.list()).hasSize(2);
    }

    @Test
    void copiesWorkToo() throws Exception {
        pull("single:1", options(List.of(), false, "native"));
        String key = "look";
        engine.copies.prepare(key, top(), Map.of());
        Path root = engine.copies.layerTarget(key).directory();
        assertThat(root.resolve("etc/motd")).hasContent("hello");
        assertThat(root.resolve("bin/sh")).as("whited out").doesNotExist();
        assertThat(engine.snapshots()).isEmpty();
        assertThat(engine.images
                        .base(reference("single:1").toString(), null, "native")
                        .parent())
                .isEqualTo(top());
        assertThat(engine.images
                        .base(reference("single:1").toString(), null, null)
                        .snapshotter())
                .isEqualTo("overlayfs");
        assertThat(engine.snapshots()).as("unpacked when it is needed").contains(top());
        engine.copies.remove(key);
        assertThat(engine.collector.collect().snapshots()).isEmpty();
    }

    @Test
    void takesAllPlatformsOrNamedOnes() {
        assertThat(pull("multi:1", options(List.of(OTHER), false, null)).platforms())
                .extracting(p -> p.platform())
                .containsExactly(OTHER);
        assertThatThrownBy(() -> engine.images.inspect(reference("multi:1").toString(), Platform.host()))
                .hasMessageContaining("not here for");
        assertThat(engine.images
                        .inspect(reference("multi:1").toString(), null)
                        .platform()
                        .platform())
                .as("the only one there is")
                .isEqualTo(OTHER);
        assertThat(pull("multi:1", options(List.of(), true, null)).platforms()).hasSize(2);
        assertThatThrownBy(() -> pull("multi:1", options(List.of(Platform.parse("linux/riscv64")), false, null)))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
    }

    @Test
    void resumesWhatWasBrokenOff() throws Exception {
        Descriptor big = layers.get(1).blob();
        byte[] bytes = Files.readAllBytes(
                builder.folder().resolve("blobs/sha256").resolve(big.digest().hex()));
        try (Ingest i = engine.content.begin(big).orElseThrow()) {
            i.write(bytes, 0, 1_000_000);
        }
        pull("single:1", PullOptions.DEFAULT);
        assertThat(engine.updates.stream()
                        .filter(u -> u.key().equals("layer-" + big.digest()) && u.state() == State.DOWNLOADING)
                        .mapToLong(u -> u.offsetBytes())
                        .min()
                        .orElseThrow())
                .isGreaterThanOrEqualTo(1_000_000);
        assertThat(engine.snapshots()).contains(top());
    }

    @Test
    void startsOverWhenTheBeginningIsWrong() {
        Descriptor big = layers.get(1).blob();
        try (Ingest i = engine.content.begin(big).orElseThrow()) {
            i.write(new byte[500_000], 0, 500_000);
        }
        pull("single:1", PullOptions.DEFAULT);
        assertThat(engine.snapshots()).hasSize(4).contains(top());
    }

    @Test
    void fetchesADamagedBlobAgain() throws Exception {
        pull("single:1", options(List.of(), false, "native"));
        Descriptor big = layers.get(3).blob();
        Path blob =
                folder.resolve("data/content/blobs/sha256").resolve(big.digest().hex());
        byte[] bytes = Files.readAllBytes(blob);
        bytes[bytes.length / 2] ^= 0x55;
        Files.write(blob, bytes);
        pull("single:1", PullOptions.DEFAULT);
        assertThat(engine.snapshots()).hasSize(4).contains(top());
        assertThat(engine.content.read(big, 10_000_000))
                .isEqualTo(Files.readAllBytes(builder.folder()
                        .resolve("blobs/sha256")
                        .resolve(big.digest().hex())));
    }

    @Test
    void twoPullsAtOnceShareTheWork() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<Image>> pulls = new ArrayList<>();
            for (String name : List.of("multi:1", "multi:1", "single:1")) {
                pulls.add(threads.submit(() -> pull(name, PullOptions.DEFAULT)));
            }
            for (Future<Image> p : pulls) {
                assertThat(p.get().platforms()).hasSize(1);
            }
        }
        assertThat(engine.snapshots()).hasSize(4).contains(top());
        assertThat(engine.images.list()).hasSize(2);
        assertThat(engine.collector.collect()).satisfies(c -> {
            assertThat(c.blobs()).isEmpty();
            assertThat(c.snapshots()).isEmpty();
        });
    }

    @Test
    void aWrongDiffIdIsRefusedAndLeavesNothingVisible() throws Exception {
        LayoutBuilder bad = new LayoutBuilder(folder.resolve("bad"));
        Layer good = bad.randomLayer("a", 5, 1000);
        Layer lie = bad.randomLayer("b", 6, 1000);
        Descriptor m = bad.manifest(Platform.host(), List.of(good, new Layer(lie.blob(), good.diffId())));
        bad.push(m, registry.host() + "/bad:1");
        assertThatThrownBy(() -> pull("bad:1", PullOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA_LOSS))
                .hasMessageContaining("configuration says");
        assertThat(engine.images.list()).isEmpty();
        assertThat(engine.snapshots()).noneMatch(s -> s.startsWith("extract"));
    }

    @Test
    void interruptionCancels() throws Exception {
        CountDownLatch downloading = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread puller = Thread.ofPlatform().start(() -> {
            try {
                engine.images.pull(reference("single:1"), PullOptions.DEFAULT, user, u -> {
                    if (u.state() == State.DOWNLOADING) {
                        downloading.countDown();
                        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
                    }
                });
            } catch (KelpException e) {
                failure.set(e);
            }
        });
        downloading.await();
        puller.interrupt();
        puller.join();
        assertThat(failure.get())
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
        assertThat(engine.images.list()).isEmpty();
        assertThat(engine.snapshots()).noneMatch(s -> s.startsWith("extract"));
        assertThat(pull("single:1", PullOptions.DEFAULT).platforms()).hasSize(1);
    }

    @Test
    void readsHostsFilesWithTheUsersEyes() throws Exception {
        Path toml = user.path("/home/u/.config/containerd/certs.d/example.test/hosts.toml");
        Files.createDirectories(toml.getParent());
        Files.writeString(
                toml,
                "server = \"https://example.test\"\n[host.\"http://" + registry.host()
                        + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
        Image image = engine.images.pull(
                Reference.parse("example.test/single:1"), PullOptions.DEFAULT, user, engine.progress());
        assertThat(image.target().digest()).isEqualTo(manifest.digest());
        assertThat(user.read).anyMatch(p -> p.contains("certs.d"));
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertThatThrownBy(() -> pull("nothing:1", PullOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
        assertThat(engine.content.list()).isEmpty();
    }
}
