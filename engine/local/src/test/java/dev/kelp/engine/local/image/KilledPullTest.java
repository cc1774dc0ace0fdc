// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.content.ContentStore.Blob;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.linux.Mounts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import java.io.BufferedReader;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is left of a pull that ends badly.
class KilledPullTest {
    private static final int KILLS = 8;

    @TempDir
    Path folder;

    private TestRegistry registry;
    private List<Layer> layers;
    private Reference reference;

    @BeforeEach
    void publish() throws Exception {
        registry = TestRegistry.start(folder.resolve("registry"));
        LayoutBuilder builder = new LayoutBuilder(folder.resolve("layout"));
        layers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            layers.add(builder.randomLayer("file" + i, i, 2_000_000 + i * 500_000));
        }
        builder.push(builder.manifest(Platform.host(), layers), registry.host() + "/big:1");
        reference = Reference.parse(registry.host() + "/big:1");
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    @Test
    void killedAnywhereLeavesNothingWrongAndTheNextGoesOn() throws Exception {
        Path data = folder.resolve("data");
        Random random = new Random(4711);
        int unfinished = 0;
        for (int i = 0; i < KILLS; i++) {
            boolean ended = killAfter(data, 1 + random.nextInt(90));
            unfinished += ended ? 0 : 1;
            check(data);
        }
        assertThat(unfinished).as("kills that hit a pull").isPositive();
        try (TestEngine engine = new TestEngine(data)) {
            engine.collector.recover();
            engine.images.pull(reference, PullOptions.DEFAULT, new TestUser(data), Progress.NONE);
            String top = ChainId.of(layers.stream().map(Layer::diffId).toList()).getLast();
            assertThat(engine.snapshots()).hasSize(layers.size()).contains(top);
            engine.overlay.prepare("look", top, java.util.Map.of());
            List<Path> parents = engine.overlay.layerTarget("look").parents();
            for (int i = 0; i < layers.size(); i++) {
                assertThat(parents.get(layers.size() - 1 - i).resolve("file" + i))
                        .hasSize(2_000_000 + i * 500_000);
            }
            engine.overlay.remove("look");
            engine.collector.collect();
            assertThat(engine.content.list()).hasSize(layers.size() + 2);
            assertThat(engine.content.partials()).isEmpty();
            assertThat(Files.list(data.resolve("snapshots/overlayfs"))).hasSize(layers.size());
        }
    }

    /// @return whether the pull was over before
    private boolean killAfter(Path data, int lines) throws Exception {
        Process p = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        PullProcess.class.getName(),
                        data.toString(),
                        reference.toString())
                .redirectError(folder.resolve("pull.err").toFile())
                .start();
        boolean ended = false;
        try (BufferedReader out = p.inputReader()) {
            for (int i = 0; i < lines; i++) {
                String line = out.readLine();
                if (line == null || line.equals("END")) {
                    ended = true;
                    break;
                }
            }
            p.destroyForcibly();
            p.waitFor();
        }
        if (ended && p.exitValue() != 0 && p.exitValue() != 137) {
            throw new AssertionError(Files.readString(folder.resolve("pull.err")));
        }
        return ended;
    }

    private void check(Path data) throws Exception {
        try (TestEngine engine = new TestEngine(data)) {
            for (Blob b : engine.content.list()) {
                Descriptor d = Descriptor.of("application/octet-stream", b.digest(), b.sizeBytes());
                try (InputStream in = engine.content.openVerified(d)) {
                    in.transferTo(java.io.OutputStream.nullOutputStream());
                }
            }
            engine.images.list().forEach(i -> assertThat(i.platforms()).hasSize(1));
            engine.collector.recover();
            assertThat(engine.snapshots()).noneMatch(s -> s.startsWith("extract"));
        }
    }

    @Test
    void aFullDiskIsSaidAndThePullGoesOnWhenThereIsRoom() throws Exception {
        if ("none".equals(System.getenv("KELP_TEST_NAMESPACE"))) {
            org.junit.jupiter.api.Assumptions.abort("cannot mount: no user namespaces here");
        }
        Path small = Files.createDirectories(folder.resolve("small"));
        Mounts.mount("tmpfs", small.toString(), "tmpfs", 0, "size=30m");
        try (TestEngine engine = new TestEngine(small.resolve("data"))) {
            Assertions.assertThatThrownBy(() ->
                            engine.images.pull(reference, PullOptions.DEFAULT, new TestUser(small), Progress.NONE))
                    .isInstanceOfSatisfying(
                            KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE_EXHAUSTED));
            assertThat(engine.images.list()).isEmpty();
            assertThat(engine.snapshots()).noneMatch(s -> s.startsWith("extract"));
            Mounts.mount("tmpfs", small.toString(), null, Mounts.MS_REMOUNT, "size=80m");
            assertThat(engine.images
                            .pull(reference, PullOptions.DEFAULT, new TestUser(small), Progress.NONE)
                            .platforms())
                    .hasSize(1);
        } finally {
            Mounts.unmount(small.toString(), Mounts.MNT_DETACH);
        }
    }
}
