// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import static dev.kelp.snapshot.SnapshotRecordsContract.assertKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every [Snapshotter] promises: the tests are the second half of its manual. Needs a JVM that may mount.
public abstract class SnapshotterContract {
    protected Path dataRoot;
    protected SnapshotRecords records;
    protected Snapshotter snapshotter;
    private Path place;

    protected SnapshotterContract() {}

    /// A snapshotter over the data root; called again to "restart" it.
    protected abstract Snapshotter open(Path data, SnapshotRecords known);

    /// Where a snapshot's directory lies, for tests of what crashes leave.
    protected Path directory(long id) {
        return dataRoot.resolve("snapshots").resolve(snapshotter.name()).resolve(Long.toString(id));
    }

    @BeforeEach
    void openSnapshotter() throws IOException {
        dataRoot = Files.createTempDirectory("kelp-snapshot-");
        place = Files.createDirectory(dataRoot.resolve("place"));
        records = new MemorySnapshotRecords();
        snapshotter = open(dataRoot, records);
    }

    @AfterEach
    void removeEverything() throws IOException {
        try (Fd dir = Inodes.open(dataRoot.getParent().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(dir, dataRoot.getFileName().toString());
        }
    }

    /// Work on a mounted snapshot.
    protected interface Change {
        void in(Path root) throws IOException;
    }

    protected void mounted(List<Mount> mounts, Change change) throws IOException {
        MountTarget.mount(mounts, place);
        try {
            change.in(place);
        } finally {
            MountTarget.unmount(place);
        }
    }

    protected void layer(String name, String parent, Change change) throws IOException {
        mounted(snapshotter.prepare("make-" + name, parent, Map.of()), change);
        snapshotter.commit(name, "make-" + name, CommitOptions.DEFAULT);
    }

    @Test
    void layersAddUpAndLaterOnesHideEarlierOnes() throws IOException {
        layer("one", null, root -> {
            Files.writeString(root.resolve("kept"), "1");
            Files.writeString(root.resolve("changed"), "1");
            Files.writeString(root.resolve("deleted"), "1");
            Files.createDirectories(root.resolve("dir/sub"));
            Files.writeString(root.resolve("dir/sub/file"), "1");
        });
        layer("two", "one", root -> {
            Files.writeString(root.resolve("changed"), "2");
            Files.delete(root.resolve("deleted"));
            Files.writeString(root.resolve("dir/sub/added"), "2");
        });
        layer("three", "two", root -> {
            Files.delete(root.resolve("dir/sub/file"));
            Files.delete(root.resolve("dir/sub/added"));
            Files.delete(root.resolve("dir/sub"));
            Files.createDirectory(root.resolve("dir/sub"));
            Files.writeString(root.resolve("dir/sub/new"), "3");
            Files.writeString(root.resolve("deleted"), "back");
        });
        mounted(snapshotter.view("view", "three", Map.of()), root -> {
            assertThat(Files.readString(root.resolve("kept"))).isEqualTo("1");
            assertThat(Files.readString(root.resolve("changed"))).isEqualTo("2");
            assertThat(Files.readString(root.resolve("deleted"))).isEqualTo("back");
            assertThat(root.resolve("dir/sub").toFile().list()).containsExactly("new");
        });
        mounted(snapshotter.view("view-two", "two", Map.of()), root -> {
            assertThat(root.resolve("deleted")).doesNotExist();
            assertThat(root.resolve("dir/sub").toFile().list()).containsExactlyInAnyOrder("file", "added");
        });
    }

    @Test
    void writingToOneSnapshotChangesNoOther() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("file"), "base"));
        List<Mount> a = snapshotter.prepare("a", "base", Map.of());
        List<Mount> b = snapshotter.prepare("b", "base", Map.of());
        mounted(a, root -> Files.writeString(root.resolve("file"), "a"));
        mounted(b, root -> assertThat(Files.readString(root.resolve("file"))).isEqualTo("base"));
        mounted(
                snapshotter.view("v", "base", Map.of()),
                root -> assertThat(Files.readString(root.resolve("file"))).isEqualTo("base"));
    }

    @Test
    void anActiveSnapshotKeepsItsChangesOverRestarts() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("file"), "base"));
        mounted(snapshotter.prepare("a", "base", Map.of()), root -> Files.writeString(root.resolve("file"), "a"));
        snapshotter = open(dataRoot, records);
        assertThat(snapshotter.cleanup()).isZero();
        mounted(
                snapshotter.mounts("a"),
                root -> assertThat(Files.readString(root.resolve("file"))).isEqualTo("a"));
    }

    @Test
    void aViewIsReadOnly() throws IOException {
        layer("one", null, root -> Files.writeString(root.resolve("file"), "1"));
        layer("two", "one", root -> Files.writeString(root.resolve("file"), "2"));
        snapshotter.view("none", null, Map.of());
        snapshotter.view("v1", "one", Map.of());
        snapshotter.view("v2", "two", Map.of());
        for (String key : List.of("none", "v1", "v2")) {
            mounted(
                    snapshotter.mounts(key),
                    root -> assertThatThrownBy(() -> Files.writeString(root.resolve("new"), "x"))
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining("Read-only"));
        }
    }

    @Test
    void theRootDirectoryKeepsItsModeAndOwner() throws IOException {
        layer("base", null, root -> {
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
            Files.setAttribute(root, "unix:uid", 12);
            Files.setAttribute(root, "unix:gid", 34);
        });
        mounted(snapshotter.prepare("a", "base", Map.of()), root -> {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                    .isEqualTo("rwx--x--x");
            assertThat(Files.getAttribute(root, "unix:uid")).isEqualTo(12);
            assertThat(Files.getAttribute(root, "unix:gid")).isEqualTo(34);
        });
    }

    @Test
    void hardLinksModesOwnersAndTimesSurvive() throws IOException {
        layer("base", null, root -> {
            Files.writeString(root.resolve("a"), "content");
            Files.createLink(root.resolve("b"), root.resolve("a"));
            Files.createSymbolicLink(root.resolve("link"), Path.of("/nowhere"));
            Files.setAttribute(root.resolve("a"), "unix:uid", 1000);
            Files.setAttribute(root.resolve("a"), "unix:mode", 04755);
            Files.setLastModifiedTime(
                    root.resolve("a"), java.nio.file.attribute.FileTime.from(java.time.Instant.ofEpochSecond(99, 123)));
        });
        mounted(snapshotter.prepare("c", "base", Map.of()), root -> {
            assertThat(Files.getAttribute(root.resolve("a"), "unix:nlink")).isEqualTo(2);
            assertThat(Files.getAttribute(root.resolve("a"), "unix:ino"))
                    .isEqualTo(Files.getAttribute(root.resolve("b"), "unix:ino"));
            assertThat(Files.getAttribute(root.resolve("a"), "unix:uid")).isEqualTo(1000);
            assertThat((int) Files.getAttribute(root.resolve("a"), "unix:mode") & 07777)
                    .isEqualTo(04755);
            assertThat(Files.getLastModifiedTime(root.resolve("a")).toInstant())
                    .isEqualTo(java.time.Instant.ofEpochSecond(99, 123));
            assertThat(Files.readSymbolicLink(root.resolve("link"))).isEqualTo(Path.of("/nowhere"));
        });
    }

    @Test
    void keysAndNamesShareOneSpace() throws IOException {
        layer("base", null, root -> {});
        snapshotter.prepare("a", "base", Map.of());
        assertKind(ErrorKind.ALREADY_EXISTS, () -> snapshotter.prepare("a", "base", Map.of()));
        assertKind(ErrorKind.ALREADY_EXISTS, () -> snapshotter.view("base", null, Map.of()));
        assertKind(ErrorKind.ALREADY_EXISTS, () -> snapshotter.commit("base", "a", CommitOptions.DEFAULT));
        assertThat(snapshotter.stat("a")).isInstanceOf(Snapshot.Active.class);
        assertKind(ErrorKind.INVALID_ARGUMENT, () -> snapshotter.prepare("", null, Map.of()));
    }

    @Test
    void eachMethodRefusesTheWrongKind() throws IOException {
        layer("base", null, root -> {});
        snapshotter.prepare("a", "base", Map.of());
        snapshotter.view("v", "base", Map.of());
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.prepare("x", "a", Map.of()));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.prepare("x", "v", Map.of()));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.mounts("base"));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.layerTarget("v"));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.commit("x", "v", CommitOptions.DEFAULT));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.commit("x", "base", CommitOptions.DEFAULT));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.remove("base"));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.prepare("x", "missing", Map.of()));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.mounts("missing"));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.commit("x", "missing", CommitOptions.DEFAULT));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.remove("missing"));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.stat("missing"));
        assertKind(ErrorKind.NOT_FOUND, () -> snapshotter.usage("missing"));
        assertThat(snapshotter.list(s -> true)).hasSize(3);
    }

    @Test
    void removingGivesNameAndSpaceBack() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("file"), "x"));
        mounted(snapshotter.prepare("a", "base", Map.of()), root -> {
            Files.createDirectories(root.resolve("closed/deep"));
            Files.setPosixFilePermissions(root.resolve("closed"), Set.of());
        });
        long active = snapshotter.stat("a").id();
        long base = snapshotter.stat("base").id();
        snapshotter.remove("a");
        assertThat(directory(active)).doesNotExist();
        snapshotter.remove("base");
        assertThat(directory(base)).doesNotExist();
        assertThat(snapshotter.list(s -> true)).isEmpty();
        layer("base", null, root -> assertThat(root.toFile().list()).isEmpty());
        assertThat(snapshotter.stat("base").id()).isGreaterThan(active);
    }

    @Test
    void manyAreRemovedAtOnceOrNoneWhenOneIsAParent() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("file"), "x"));
        snapshotter.prepare("a", "base", Map.of());
        snapshotter.prepare("b", "base", Map.of());
        long a = snapshotter.stat("a").id();
        long b = snapshotter.stat("b").id();
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.removeAll(List.of("a", "base")));
        assertThat(directory(a)).exists();
        snapshotter.removeAll(List.of("a", "missing", "b"));
        assertThat(directory(a)).doesNotExist();
        assertThat(directory(b)).doesNotExist();
        assertThat(snapshotter.list(s -> true)).extracting(Snapshot::name).containsExactly("base");
    }

    @Test
    void usageCountsTheChangeAlone() throws IOException {
        layer("base", null, root -> {
            Files.write(root.resolve("file"), new byte[1 << 20]);
            Files.createLink(root.resolve("same"), root.resolve("file"));
        });
        Usage base = snapshotter.usage("base");
        assertThat(base.sizeBytes()).isBetween(1L << 20, (1L << 20) + 65536);
        assertThat(base.inodes()).isEqualTo(2);
        assertThat(((Snapshot.Committed) snapshotter.stat("base")).usage()).isEqualTo(base);
        mounted(snapshotter.prepare("a", null, Map.of()), root -> Files.write(root.resolve("f"), new byte[8192]));
        assertThat(snapshotter.usage("a").sizeBytes()).isBetween(8192L, 65536L);
        snapshotter.view("v", "base", Map.of());
        assertThat(snapshotter.usage("v").sizeBytes()).isLessThan(65536);
    }

    @Test
    void labelsAndTimesAreKept() {
        java.time.Instant before = java.time.Instant.now();
        snapshotter.prepare("a", null, Map.of("k", "v"));
        assertThat(snapshotter.stat("a").labels()).containsExactly(Map.entry("k", "v"));
        assertThat(snapshotter.stat("a").created()).isBetween(before, java.time.Instant.now());
        snapshotter.commit(
                "c",
                "a",
                CommitOptions.DEFAULT.withLabels(Map.of("chain", "id")).withDurable(true));
        assertThat(snapshotter.stat("c").labels()).containsExactly(Map.entry("chain", "id"));
    }

    @Test
    void listShowsParentsBeforeChildren() throws IOException {
        layer("one", null, root -> {});
        layer("two", "one", root -> {});
        layer("three", "two", root -> {});
        snapshotter.prepare("a", "three", Map.of());
        assertThat(snapshotter.list(s -> true)).extracting(Snapshot::name).containsExactly("one", "two", "three", "a");
        assertThat(snapshotter.list(s -> s instanceof Snapshot.Active))
                .extracting(Snapshot::name)
                .containsExactly("a");
    }

    @Test
    void cleanupRemovesWhatACrashLeft() throws IOException {
        layer("base", null, root -> {});
        snapshotter.prepare("a", "base", Map.of());
        // a crash between making the directory and its record, one while removing, one while cleaning up
        Path unrecorded = Files.createDirectories(directory(records.allocateId()));
        Files.createDirectories(unrecorded.resolve("fs/some/files"));
        Path removing = Files.createDirectories(directory(1).resolveSibling("removing-77"));
        Files.writeString(removing.resolve("file"), "x");
        snapshotter = open(dataRoot, records);
        assertThat(snapshotter.cleanup()).isEqualTo(2);
        assertThat(unrecorded).doesNotExist();
        assertThat(removing).doesNotExist();
        assertThat(snapshotter.cleanup()).isZero();
        mounted(snapshotter.mounts("a"), root -> assertThat(root).isDirectory());
    }

    @Test
    void cleanupSparesWhatIsBeingMade() throws Exception {
        layer("base", null, root -> {
            for (int i = 0; i < 200; i++) {
                Files.writeString(root.resolve("f" + i), "x");
            }
        });
        Thread cleaner = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                snapshotter.cleanup();
            }
        });
        try {
            for (int i = 0; i < 30; i++) {
                mounted(
                        snapshotter.prepare("c" + i, "base", Map.of()),
                        root -> assertThat(root.toFile().list()).hasSize(200));
            }
        } finally {
            cleaner.interrupt();
            cleaner.join();
        }
    }

    @Test
    void aFailedPrepareLeavesNothing() {
        SnapshotRecords refusing = new ForwardingRecords(records) {
            @Override
            public void insert(Snapshot snapshot) {
                throw new dev.kelp.model.KelpException(ErrorKind.RESOURCE_EXHAUSTED, "the database is full");
            }
        };
        Snapshotter broken = open(dataRoot, refusing);
        assertKind(ErrorKind.RESOURCE_EXHAUSTED, () -> broken.prepare("a", null, Map.of()));
        assertThat(directory(1).getParent().toFile().list()).isEmpty();
        assertKind(ErrorKind.NOT_FOUND, () -> broken.stat("a"));
    }

    @Test
    void rebasingIsPossibleWhereItIsPromised() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("below"), "1"));
        mounted(snapshotter.prepare("a", null, Map.of()), root -> Files.writeString(root.resolve("above"), "2"));
        if (!snapshotter.canRebase()) {
            assertKind(ErrorKind.FAILED_PRECONDITION, () -> snapshotter.commit("top", "a", CommitOptions.onto("base")));
            return;
        }
        snapshotter.commit("top", "a", CommitOptions.onto("base"));
        assertThat(snapshotter.stat("top").parent()).isEqualTo(Optional.of("base"));
        mounted(
                snapshotter.view("v", "top", Map.of()),
                root -> assertThat(root.toFile().list()).containsExactlyInAnyOrder("below", "above"));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> {
            snapshotter.prepare("b", "base", Map.of());
            snapshotter.commit("elsewhere", "b", CommitOptions.onto("top"));
        });
    }

    @Test
    void theTargetOfALayerIsWhatTheMountShows() throws IOException {
        layer("base", null, root -> Files.writeString(root.resolve("below"), "1"));
        List<Mount> mounts = snapshotter.prepare("a", "base", Map.of());
        LayerTarget target = snapshotter.layerTarget("a");
        Files.writeString(target.directory().resolve("direct"), "2");
        mounted(mounts, root -> {
            assertThat(root.toFile().list()).containsExactlyInAnyOrder("below", "direct");
            assertThat(Files.exists(root.resolve("direct"), LinkOption.NOFOLLOW_LINKS))
                    .isTrue();
        });
    }

    /// Passes everything on; tests override what is to fail.
    static class ForwardingRecords implements SnapshotRecords {
        private final SnapshotRecords to;

        ForwardingRecords(SnapshotRecords to) {
            this.to = to;
        }

        @Override
        public long allocateId() {
            return to.allocateId();
        }

        @Override
        public Optional<Snapshot> find(String name) {
            return to.find(name);
        }

        @Override
        public void insert(Snapshot snapshot) {
            to.insert(snapshot);
        }

        @Override
        public void commit(String key, Snapshot.Committed committed) {
            to.commit(key, committed);
        }

        @Override
        public Snapshot remove(String name) {
            return to.remove(name);
        }

        @Override
        public List<Snapshot> removeAll(Collection<String> names) {
            return to.removeAll(names);
        }

        @Override
        public List<String> children(String name) {
            return to.children(name);
        }

        @Override
        public List<Snapshot> all() {
            return to.all();
        }
    }
}
