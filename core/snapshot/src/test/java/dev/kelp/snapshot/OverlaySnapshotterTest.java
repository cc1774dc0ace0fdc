// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import static dev.kelp.snapshot.SnapshotRecordsContract.assertKind;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Mounts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OverlaySnapshotterTest extends SnapshotterContract {
    @Override
    protected Snapshotter open(Path data, SnapshotRecords known) {
        return new OverlaySnapshotter(data, known);
    }

    @Test
    void asManyLayersAsTheKernelTakes() throws IOException {
        String parent = null;
        for (int i = 0; i < Snapshotter.LAYERS_MAX; i++) {
            String name = "layer" + i;
            snapshotter.prepare("k", parent, Map.of());
            Files.writeString(snapshotter.layerTarget("k").directory().resolve("f" + i), "x");
            snapshotter.commit(name, "k", CommitOptions.DEFAULT);
            parent = name;
        }
        mounted(snapshotter.prepare("a", parent, Map.of()), root -> {
            assertThat(root.toFile().list()).hasSize(Snapshotter.LAYERS_MAX);
            Files.delete(root.resolve("f0"));
            assertThat(root.resolve("f0")).doesNotExist();
        });
        mounted(
                snapshotter.view("v", parent, Map.of()),
                root -> assertThat(root.resolve("f499")).exists());
        snapshotter.commit("one-more", "a", CommitOptions.DEFAULT);
        assertKind(ErrorKind.INVALID_ARGUMENT, () -> snapshotter.prepare("b", "one-more", Map.of()));
    }

    @Test
    void pathsWithCharactersThatOptionsGiveAMeaning() throws IOException {
        Path odd = Files.createDirectories(dataRoot.resolve("a:b,c\\d é"));
        Snapshotter there = open(odd, records);
        there.prepare("k", null, Map.of());
        Files.writeString(there.layerTarget("k").directory().resolve("below"), "x");
        there.commit("base", "k", CommitOptions.DEFAULT);
        mounted(there.prepare("a", "base", Map.of()), root -> {
            Files.delete(root.resolve("below"));
            Files.writeString(root.resolve("above"), "x");
        });
        mounted(there.mounts("a"), root -> assertThat(root.toFile().list()).containsExactly("above"));
    }

    @Test
    void volatileMountsStandInTheWayOfNoLaterOne() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("below"), "base"));
        List<Mount> durable = snapshotter.prepare("a", "base", Map.of());
        List<Mount> lossy = VolatileOverlay.of(durable);
        assertThat(lossy.getFirst().options())
                .contains("volatile")
                .containsAll(durable.getFirst().options());
        mounted(lossy, root -> Files.writeString(root.resolve("below"), "once"));
        mounted(lossy, root -> Files.writeString(root.resolve("above"), "twice"));
        mounted(durable, root -> {
            assertThat(Files.readString(root.resolve("below"))).isEqualTo("once");
            assertThat(Files.readString(root.resolve("above"))).isEqualTo("twice");
        });
        // nothing to write, nothing to lose
        List<Mount> view = snapshotter.view("v", "base", Map.of());
        assertThat(VolatileOverlay.of(view)).isEqualTo(view);
    }

    @Test
    void overlayIsChosenWhereItWorks() {
        Snapshotters.Choice choice = Snapshotters.choose(Snapshotters.AUTO, dataRoot);
        assertThat(choice.name()).isEqualTo(OverlaySnapshotter.NAME);
        assertThat(choice.notice()).isEmpty();
        assertThat(dataRoot.toFile().list()).containsExactlyInAnyOrder("place", "snapshots");
    }

    @Test
    void copiesAreChosenWhereOverlayDoesNotWork() throws IOException {
        // an overlay is no upper directory for another one
        snapshotter.prepare("k", null, Map.of());
        snapshotter.commit("base", "k", CommitOptions.DEFAULT);
        mounted(snapshotter.prepare("a", "base", Map.of()), root -> {
            Snapshotters.Choice choice = Snapshotters.choose(Snapshotters.AUTO, root);
            assertThat(choice.name()).isEqualTo(NativeSnapshotter.NAME);
            assertThat(choice.notice()).get().asString().contains("overlayfs does not work");
            assertKind(ErrorKind.UNSUPPORTED, () -> Snapshotters.choose(OverlaySnapshotter.NAME, root));
            assertThat(root.toFile().list()).isEmpty();
        });
        assertKind(ErrorKind.INVALID_ARGUMENT, () -> Snapshotters.choose("zfs", dataRoot));
        assertThat(Snapshotters.names()).isEqualTo(List.of("auto", "overlayfs", "native"));
    }

    @Test
    void onAFullDiskItIsTheOneUsedBefore() throws IOException {
        Path small = Files.createDirectories(dataRoot.resolve("small"));
        Mounts.mount("tmpfs", small.toString(), "tmpfs", 0, "size=64k");
        try {
            Files.createDirectories(small.resolve("snapshots/native/1"));
            Files.createDirectories(small.resolve("snapshots/overlayfs"));
            fill(small.resolve("filler"));
            Snapshotters.Choice choice = Snapshotters.choose(Snapshotters.AUTO, small);
            assertThat(choice.name()).isEqualTo(NativeSnapshotter.NAME);
            assertThat(choice.notice()).get().asString().contains("No space");
            Files.delete(small.resolve("snapshots/native/1"));
            fill(small.resolve("more"));
            assertThat(Snapshotters.choose(Snapshotters.AUTO, small).name()).isEqualTo(OverlaySnapshotter.NAME);
            assertThat(small.toFile().list()).containsExactlyInAnyOrder("snapshots", "filler", "more");
        } finally {
            Mounts.unmount(small.toString(), Mounts.MNT_DETACH);
        }
    }

    private static void fill(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space");
        }
    }
}
