// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Fd;
import dev.kelp.linux.FileNames;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.ChangedTree;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.MemorySnapshotRecords;
import dev.kelp.snapshot.MountTarget;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.OverlaySnapshotter;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.LayerApplication;
import dev.kelp.snapshot.layer.Ownership;
import dev.kelp.snapshot.layer.UnpackLimits;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What [Differ] promises: a layer of the changes, unpacked on the same parent, is the changed tree.
final class DifferTest {
    private final LayerApplication application =
            new LayerApplication(new UnpackPolicy(UnpackLimits.DEFAULT, Ownership.EXACT));
    private Path dir;
    private Path place;
    private Snapshotter snapshotter;
    private int again;

    private interface Work {
        void in(Path root) throws IOException;
    }

    @BeforeEach
    void make() throws IOException {
        dir = Files.createTempDirectory("kelp-diff-");
        place = Files.createDirectory(dir.resolve("place"));
    }

    @AfterEach
    void remove() throws IOException {
        try (Fd parent = Inodes.open(dir.getParent().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(parent, dir.getFileName().toString());
        }
    }

    private void open(String name) {
        snapshotter = name.equals("native")
                ? new NativeSnapshotter(dir, new MemorySnapshotRecords())
                : new OverlaySnapshotter(dir, new MemorySnapshotRecords());
    }

    private void mounted(String key, Work work) throws IOException {
        MountTarget.mount(snapshotter.mounts(key), place);
        try {
            work.in(place);
        } finally {
            MountTarget.unmount(place);
        }
    }

    private void layer(String name, String parent, Work work) throws IOException {
        snapshotter.prepare("make-" + name, parent, Map.of());
        mounted("make-" + name, work);
        snapshotter.commit(name, "make-" + name, CommitOptions.DEFAULT);
    }

    private Map<String, String> text(String key) throws IOException {
        Map<String, String> text = new java.util.TreeMap<>();
        mounted(key, root -> text.putAll(TreeText.of(root)));
        return text;
    }

    private byte[] tar(String key, Exclusions exclusions) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(new Differ(exclusions)
                        .writeLayer(snapshotter.changes(key), out)
                        .leftOut())
                .isZero();
        return out.toByteArray();
    }

    /// Makes a layer of the changes, unpacks it on the parent, compares; gives the layer.
    private byte[] checkRoundTrip(String key, String parent) throws IOException {
        byte[] tar = tar(key, Exclusions.NONE);
        assertThat(tar(key, Exclusions.NONE))
                .as("the same changes give the same layer")
                .isEqualTo(tar);
        String copy = "again-" + again++;
        snapshotter.prepare(copy, parent, Map.of());
        application.apply(new ByteArrayInputStream(tar), MediaTypes.OCI_LAYER, snapshotter.layerTarget(copy));
        assertThat(text(copy)).isEqualTo(text(key));
        snapshotter.remove(copy);
        return tar;
    }

    private List<String> lines(String key, Exclusions exclusions) {
        List<String> lines = new ArrayList<>();
        new Differ(exclusions)
                .changes(
                        snapshotter.changes(key), c -> lines.add(c.kind().name().charAt(0) + " /" + c.path()));
        return lines;
    }

    private static List<String> names(byte[] tar) throws IOException {
        List<String> names = new ArrayList<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(new ByteArrayInputStream(tar))) {
            for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                names.add(e.getName());
            }
        }
        return names;
    }

    private static void base(Path root) throws IOException {
        for (String d : List.of("etc/deep/er", "gone/sub", "opaque/sub", "was-dir", "kept")) {
            Files.createDirectories(root.resolve(d));
        }
        for (String f : List.of(
                "etc/passwd",
                "etc/deep/er/file",
                "gone/sub/f",
                "opaque/old",
                "opaque/sub/old",
                "was-dir/f",
                "was-file",
                "kept/a",
                "kept/b",
                "linked")) {
            Files.writeString(root.resolve(f), f);
        }
    }

    private static void change(Path root) throws IOException {
        Files.writeString(root.resolve("etc/passwd"), "changed");
        Files.writeString(root.resolve("etc/deep/er/new"), "new");
        removeTree(root.resolve("gone"));
        removeTree(root.resolve("opaque"));
        Files.createDirectories(root.resolve("opaque/sub"));
        Files.writeString(root.resolve("opaque/sub/new"), "new");
        removeTree(root.resolve("was-dir"));
        Files.writeString(root.resolve("was-dir"), "a file now");
        Files.delete(root.resolve("was-file"));
        Files.createDirectory(root.resolve("was-file"));
        Files.writeString(root.resolve("was-file/f"), "f");
        Files.createLink(root.resolve("etc/link"), root.resolve("linked"));
        Files.delete(root.resolve("kept/b"));
    }

    private static void removeTree(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void changesAreToldAsDockerTellsThem(String kind) throws IOException {
        open(kind);
        layer("base", null, DifferTest::base);
        snapshotter.prepare("a", "base", Map.of());
        mounted("a", DifferTest::change);
        assertThat(lines("a", Exclusions.NONE))
                .containsSubsequence("M /etc", "P /etc/deep", "M /etc/deep/er", "A /etc/deep/er/new")
                .containsSubsequence("D /gone", "M /kept", "D /kept/b")
                .containsSubsequence("D /opaque/old", "M /opaque/sub", "A /opaque/sub/new", "D /opaque/sub/old")
                .containsSubsequence("M /was-dir", "M /was-file", "A /was-file/f")
                .doesNotContain("D /gone/sub", "M /kept/a", "D /was-dir/f");
        checkRoundTrip("a", "base");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void changesOverSeveralLayers(String kind) throws IOException {
        open(kind);
        layer("one", null, DifferTest::base);
        layer("two", "one", DifferTest::change);
        snapshotter.prepare("a", "two", Map.of());
        mounted("a", root -> {
            Files.createDirectories(root.resolve("gone/sub"));
            Files.writeString(root.resolve("gone/sub/other"), "x");
            Files.writeString(root.resolve("opaque/old"), "back");
            Files.delete(root.resolve("was-dir"));
            Files.delete(root.resolve("etc/deep/er/new"));
            Files.setLastModifiedTime(root.resolve("kept"), FileTime.from(Instant.ofEpochSecond(77)));
        });
        assertThat(lines("a", Exclusions.NONE))
                .contains("A /gone", "A /gone/sub", "A /gone/sub/other", "A /opaque/old", "D /was-dir", "M /kept")
                .doesNotContain("D /gone/sub/f");
        checkRoundTrip("a", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void nothingChangedIsAnEmptyLayer(String kind) throws IOException {
        open(kind);
        layer("base", null, DifferTest::base);
        snapshotter.prepare("a", "base", Map.of());
        assertThat(lines("a", Exclusions.NONE).stream().filter(l -> !l.endsWith(" /")))
                .isEmpty();
        checkRoundTrip("a", "base");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void everyKindOfFileSurvives(String kind) throws IOException {
        open(kind);
        layer("base", null, DifferTest::base);
        snapshotter.prepare("a", "base", Map.of());
        byte[] oddName = {'n', (byte) 0xff};
        mounted("a", root -> {
            try (Fd d = Inodes.open(root.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
                Files.writeString(root.resolve("setuid"), "x");
                Inodes.chown(d, "setuid", 0, 0, 0);
                Inodes.chmod(d, "setuid", 06755);
                Inodes.mknod(d, "fifo", Stat.S_IFIFO | 0640, 0, 0);
                Inodes.mkdir(d, FileNames.decode(oddName), 0711);
                Inodes.mkdir(d, "sticky", 0700);
                Inodes.chmod(d, "sticky", 01777);
                Files.createSymbolicLink(root.resolve("dangling"), Path.of("/no/ä where"));
                Files.createSymbolicLink(root.resolve("long"), Path.of("t/".repeat(150)));
                Path deep = Files.createDirectories(root.resolve("d".repeat(120) + "/é" + "e".repeat(110)));
                Files.createLink(deep.resolve("link"), Files.writeString(root.resolve("zz"), "linked"));
                try (RandomAccessFile sparse =
                        new RandomAccessFile(root.resolve("sparse").toFile(), "rw")) {
                    sparse.setLength(3 << 20);
                    sparse.seek(1 << 20);
                    sparse.write(1);
                }
                try (Fd f = Inodes.open(d, "setuid", Inodes.O_RDONLY, 0)) {
                    Xattrs.set(f, "user.note", new byte[] {0, 10, 'x', '=', (byte) 0xfe});
                }
                Files.setLastModifiedTime(root.resolve("zz"), FileTime.from(Instant.ofEpochSecond(1_700_000_000)));
            }
        });
        byte[] tar = checkRoundTrip("a", "base");
        assertThat(text("a").get("/setuid")).startsWith("106755").contains("user.note=000a783dfe");
        assertThat(names(tar)).contains("fifo", "sticky/", "dangling", "zz");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void mountPointsNobodyAskedForAreNoChange(String kind) throws IOException {
        open(kind);
        layer("base", null, DifferTest::base);
        snapshotter.prepare("a", "base", Map.of());
        mounted("a", root -> {
            Files.createFile(root.resolve("etc/hosts"));
            Files.createDirectories(root.resolve("data/in/side"));
            Files.createDirectories(root.resolve("proc"));
            Files.createFile(root.resolve("etc/mine"));
        });
        Exclusions exclusions = new Exclusions(List.of("/etc/hosts", "/data/in/side", "/proc/", "/kept/a"));
        assertThat(lines("a", exclusions).stream().filter(l -> !l.endsWith(" /")))
                .containsExactly("M /etc", "A /etc/mine");
        mounted("a", root -> Files.delete(root.resolve("etc/mine")));
        assertThat(lines("a", exclusions).stream().filter(l -> !l.endsWith(" /")))
                .isEmpty();
        assertThat(names(tar("a", exclusions))).doesNotContain("proc/", "data/", "etc/hosts");
        mounted("a", root -> Files.writeString(root.resolve("data/in/side/file"), "x"));
        assertThat(lines("a", exclusions)).contains("A /data", "A /data/in/side", "A /data/in/side/file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void arbitraryChanges(String kind) throws IOException {
        open(kind);
        String parent = null;
        for (int round = 0; round < 12; round++) {
            Random random = new Random(round);
            String key = "round-" + round;
            snapshotter.prepare(key, parent, Map.of());
            for (int i = 0; i < 3; i++) {
                mounted(key, root -> stir(root, random));
                checkRoundTrip(key, parent);
            }
            parent = "layer-" + round;
            snapshotter.commit(parent, key, CommitOptions.DEFAULT);
        }
    }

    /// Some operations on a few names, so that they meet each other.
    private static void stir(Path root, Random random) throws IOException {
        for (int i = 0; i < 12; i++) {
            Path a = pick(root, random);
            Path b = pick(root, random);
            try {
                operate(random.nextInt(9), a, b, random);
            } catch (java.nio.file.FileSystemException e) {
                // not possible with what is there: the next one may be
                assertThat(e.getReason() == null ? "" : e.getReason()).doesNotContain("Operation not permitted");
            }
        }
    }

    private static void operate(int what, Path a, Path b, Random random) throws IOException {
        switch (what) {
            case 0 -> Files.createDirectories(a);
            case 1, 2 -> Files.writeString(a, Integer.toString(random.nextInt(100)));
            case 3 -> removeTree(a);
            case 4 -> Files.createLink(a, b);
            case 5 -> Files.move(a, b, StandardCopyOption.ATOMIC_MOVE);
            case 6 -> Files.createSymbolicLink(a, Path.of("x" + random.nextInt(3)));
            case 7 -> {
                if (Files.exists(a, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(a)) {
                    Files.setPosixFilePermissions(
                            a,
                            random.nextBoolean()
                                    ? PosixFilePermissions.fromString("rwxr-x--x")
                                    : PosixFilePermissions.fromString("rw-------"));
                }
            }
            default -> {
                removeTree(a);
                Files.createDirectory(a);
                Files.writeString(a.resolve("f" + random.nextInt(3)), "again");
            }
        }
    }

    private static Path pick(Path root, Random random) {
        Path at = root;
        for (int depth = random.nextInt(3); depth >= 0; depth--) {
            at = at.resolve("f" + random.nextInt(4));
        }
        return at;
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlayfs", "native"})
    void aWholeTreeAsATarOtherProgramsRead(String kind) throws Exception {
        open(kind);
        snapshotter.prepare("a", null, Map.of());
        mounted("a", root -> {
            base(root);
            Files.createLink(root.resolve("kept/link"), root.resolve("kept/a"));
            Files.writeString(root.resolve(".wh.plain"), "just a name here");
        });
        Path file = dir.resolve("tree.tar");
        ChangedTree tree = snapshotter.changes("a");
        try (Fd root = Inodes.open(tree.directory().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
                var out = Files.newOutputStream(file)) {
            new Differ(Exclusions.NONE).writeTree(root, out);
        }
        Process tar = new ProcessBuilder("tar", "-tvf", file.toString())
                .redirectErrorStream(true)
                .start();
        String listed = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tar.waitFor()).as(listed).isZero();
        assertThat(listed)
                .contains("etc/passwd", "kept/link link to kept/a", ".wh.plain")
                .doesNotContain("./");
        assertThat(Set.copyOf(names(Files.readAllBytes(file)))).contains("etc/deep/er/file");
    }
}
