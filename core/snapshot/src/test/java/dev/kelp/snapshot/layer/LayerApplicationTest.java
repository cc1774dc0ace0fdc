// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.LayerTarget;
import dev.kelp.snapshot.MemorySnapshotRecords;
import dev.kelp.snapshot.MountTarget;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.OverlaySnapshotter;
import dev.kelp.snapshot.Snapshotter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LayerApplicationTest {
    private final LayerApplication application =
            new LayerApplication(new UnpackPolicy(UnpackLimits.DEFAULT, Ownership.EXACT));
    private Path dir;

    @BeforeEach
    void make() throws IOException {
        dir = Files.createTempDirectory("kelp-layer-");
        Files.createDirectory(dir.resolve("place"));
    }

    @AfterEach
    void remove() throws IOException {
        try (Fd parent = Inodes.open(dir.getParent().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(parent, dir.getFileName().toString());
        }
    }

    private Snapshotter snapshotter(String name) {
        return name.equals("native")
                ? new NativeSnapshotter(dir, new MemorySnapshotRecords())
                : new OverlaySnapshotter(dir, new MemorySnapshotRecords());
    }

    private UnpackedLayer add(Snapshotter to, String name, String parent, TarBuilder tar) throws IOException {
        to.prepare("k-" + name, parent, Map.of());
        UnpackedLayer layer = application.apply(
                new ByteArrayInputStream(DecompressionTest.gzip(tar.end())),
                MediaTypes.OCI_LAYER_GZIP,
                to.layerTarget("k-" + name));
        to.commit(name, "k-" + name, CommitOptions.DEFAULT);
        return layer;
    }

    /// Every path below the mounted snapshot with kind, mode, owner and content.
    private Map<String, String> show(Snapshotter from, String name) throws IOException {
        MountTarget.mount(from.view("view-" + name, name, Map.of()), dir.resolve("place"));
        try (Stream<Path> all = Files.walk(dir.resolve("place"))) {
            Map<String, String> seen = new TreeMap<>();
            for (Path p : (Iterable<Path>) all::iterator) {
                Map<String, Object> a =
                        Files.readAttributes(p, "unix:mode,uid,gid", java.nio.file.LinkOption.NOFOLLOW_LINKS);
                String content =
                        Files.isRegularFile(p, java.nio.file.LinkOption.NOFOLLOW_LINKS) ? Files.readString(p) : "";
                seen.put(
                        dir.resolve("place").relativize(p).toString(),
                        Integer.toOctalString((int) a.get("mode")) + " " + a.get("uid") + ":" + a.get("gid") + " "
                                + content);
            }
            return seen;
        } finally {
            MountTarget.unmount(dir.resolve("place"));
        }
    }

    private static TarBuilder base() {
        return new TarBuilder()
                .as(0755, 0, 0)
                .directory("./")
                .directory("etc/")
                .as(0644, 0, 0)
                .file("etc/passwd", "root")
                .file("etc/old", "old")
                .as(0750, 5, 6)
                .directory("srv/")
                .directory("srv/data/")
                .as(0640, 5, 6)
                .file("srv/data/a", "a")
                .file("srv/data/b", "b")
                .as(0755, 0, 0)
                .directory("gone/")
                .file("gone/x", "x")
                .file("bin", "file");
    }

    private static TarBuilder change() {
        return new TarBuilder()
                .as(0600, 1, 1)
                .file("etc/.wh.old", "")
                .file("etc/new", "new")
                .file("srv/data/.wh..wh..opq", "")
                .file("srv/data/c", "c")
                .file(".wh.gone", "")
                .as(0755, 0, 0)
                .directory("gone/")
                .file("gone/y", "y")
                .directory("bin/")
                .file("bin/sh", "sh")
                .link("srv/linked", "etc/passwd");
    }

    @Test
    void bothSnapshottersShowTheSame() throws IOException {
        List<Map<String, String>> shown = new ArrayList<>();
        for (String name : List.of("overlay", "native")) {
            Snapshotter s = snapshotter(name);
            add(s, "base", null, base());
            add(s, "top", "base", change());
            shown.add(show(s, "top"));
        }
        assertThat(shown.get(0)).isEqualTo(shown.get(1));
        assertThat(shown.get(0))
                .containsEntry("etc", "40755 0:0 ")
                .containsEntry("etc/passwd", "100644 0:0 root")
                .containsEntry("srv", "40750 5:6 ")
                .containsEntry("srv/linked", "100644 0:0 root")
                .containsEntry("gone/y", "100755 0:0 y")
                .containsEntry("bin/sh", "100755 0:0 sh")
                .doesNotContainKeys("etc/old", "srv/data/a", "srv/data/b", "gone/x");
    }

    @Test
    void layersUnpackedApartAndJoinedLaterShowTheSame() throws IOException {
        Snapshotter s = snapshotter("overlay");
        s.prepare("b", null, Map.of());
        s.prepare("t", null, Map.of());
        UnpackedLayer top = application.applyAlone(change().stream(), MediaTypes.OCI_LAYER, s.layerTarget("t"));
        UnpackedLayer below = application.applyAlone(base().stream(), MediaTypes.OCI_LAYER, s.layerTarget("b"));
        assertThat(top.pending().impliedDirectories()).containsExactlyInAnyOrder("etc", "srv", "srv/data");
        assertThat(top.pending().links()).containsExactly(new PendingInheritance.Link("srv/linked", "etc/passwd"));
        Path base = s.layerTarget("b").directory();
        application.inherit(below, base, List.of());
        s.commit("base", "b", CommitOptions.DEFAULT);
        application.inherit(top, s.layerTarget("t").directory(), List.of(base));
        s.commit("top", "t", CommitOptions.onto("base"));
        Snapshotter n = snapshotter("native");
        add(n, "base", null, base());
        add(n, "top", "base", change());
        assertThat(show(s, "top")).isEqualTo(show(n, "top"));
    }

    @Test
    void anOpaqueRootHidesEverythingBelow() throws IOException {
        for (String name : List.of("overlay", "native")) {
            Snapshotter s = snapshotter(name);
            add(s, "base", null, base());
            add(s, "top", "base", new TarBuilder().file(".wh..wh..opq", "").file("etc/only", "x"));
            assertThat(show(s, "top").keySet()).as(name).containsExactly("", "etc", "etc/only");
        }
    }

    @Test
    void aHardLinkToNothingAnywhereIsRefused() throws IOException {
        Snapshotter s = snapshotter("overlay");
        add(s, "base", null, base());
        add(s, "top", "base", new TarBuilder().file("etc/.wh.passwd", ""));
        assertThatThrownBy(() -> add(s, "above", "top", new TarBuilder().link("l", "etc/passwd")))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("neither this layer nor one below");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "gzip", "zstd"})
    void theDiffIdIsThatOfTheTarWithItsPadding(String compression) throws IOException {
        byte[] tar = new TarBuilder()
                .file("big", "0123456789".repeat(300_000))
                .raw(new byte[10240])
                .end();
        byte[] blob = switch (compression) {
            case "gzip" -> DecompressionTest.gzip(tar);
            case "zstd" -> Zstd.compress(tar);
            default -> tar;
        };
        UnpackedLayer layer = application.apply(new ByteArrayInputStream(blob), MediaTypes.OCI_LAYER_GZIP, target());
        assertThat(layer.diffId()).isEqualTo(Digest.ofSha256(tar));
        assertThat(layer.uncompressedBytes()).isEqualTo(tar.length);
        assertThat(layer.compressedBytes()).isEqualTo(blob.length);
        assertThat(dir.resolve("place/big")).hasSize(3_000_000);
    }

    private LayerTarget target() {
        return new LayerTarget(dir.resolve("place"), LayerTarget.Deletions.OVERLAY, List.of());
    }

    private void assertFails(ErrorKind kind, InputStream in, String type) {
        int before = Thread.activeCount();
        assertThatThrownBy(() -> application.apply(in, type, target()))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
        assertThat(Thread.activeCount()).isLessThanOrEqualTo(before);
    }

    @Test
    void eachFailureEndsAllThreadsAndSaysWhy() throws IOException {
        byte[] tar = new TarBuilder().file("big", "x".repeat(5_000_000)).end();
        byte[] gz = DecompressionTest.gzip(tar);
        assertFails(
                ErrorKind.DATA_LOSS,
                new ByteArrayInputStream(Arrays.copyOf(gz, gz.length / 2)),
                MediaTypes.OCI_LAYER_GZIP);
        assertFails(ErrorKind.DATA_LOSS, new ByteArrayInputStream(Arrays.copyOf(tar, 1_000_000)), MediaTypes.OCI_LAYER);
        assertFails(ErrorKind.UNSUPPORTED, new ByteArrayInputStream(tar), MediaTypes.OCI_LAYER + "+encrypted");
        assertFails(
                ErrorKind.INVALID_ARGUMENT,
                new ByteArrayInputStream(new TarBuilder()
                        .file("../x", "")
                        .raw(new byte[20_000_000])
                        .end()),
                MediaTypes.OCI_LAYER);
        assertFails(
                ErrorKind.UNAVAILABLE,
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("connection reset");
                    }
                },
                MediaTypes.OCI_LAYER);
    }

    @Test
    void aSourceThatFailsLateFailsTheLayer() {
        byte[] tar = new TarBuilder().file("a", "x").end();
        InputStream late = new InputStream() {
            private int at;

            @Override
            public int read() throws IOException {
                if (at == tar.length) {
                    throw new IOException("connection reset");
                }
                return tar[at++];
            }
        };
        assertFails(ErrorKind.UNAVAILABLE, late, MediaTypes.OCI_LAYER);
    }

    @Test
    void anInterruptEndsAWaitForASourceThatStalls() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        assertInterruptible(closed, closed::countDown);
    }

    @Test
    void anInterruptEndsAWaitForASourceThatClosingDoesNotWake() throws Exception {
        assertInterruptible(new CountDownLatch(1), () -> {});
    }

    private void assertInterruptible(CountDownLatch more, Runnable close) throws Exception {
        CountDownLatch stalls = new CountDownLatch(1);
        byte[] start = new TarBuilder().file("a", "x").unfinished();
        InputStream stalled = new ByteArrayInputStream(start) {
            @Override
            public synchronized int read(byte[] b, int off, int len) {
                int n = super.read(b, off, len);
                if (n < 0) {
                    stalls.countDown();
                    await(more);
                }
                return n;
            }

            @Override
            public void close() {
                close.run();
            }
        };
        List<Throwable> failures = new ArrayList<>();
        Thread t = Thread.ofPlatform().start(() -> {
            try {
                application.apply(stalled, MediaTypes.OCI_LAYER, target());
            } catch (KelpException e) {
                failures.add(e);
            }
        });
        stalls.await();
        t.interrupt();
        t.join(10_000);
        assertThat(failures)
                .singleElement()
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new KelpException(ErrorKind.CANCELLED, "interrupted", e);
        }
    }

    @Test
    void gnuTarAndWeUnpackARealTreeAlike() throws Exception {
        Path archive = dir.resolve("real.tar.gz");
        String[] trees = {"-C", "/usr/lib", "git-core", "-C", "/usr/share/doc", "git", "-C", "/usr", "sbin"};
        run(Stream.concat(Stream.of("tar", "--xattrs", "-czf", archive.toString()), Stream.of(trees))
                .toArray(String[]::new));
        Path theirs = Files.createDirectory(dir.resolve("theirs"));
        run("tar", "-C", theirs.toString(), "--xattrs", "--same-owner", "-xpzf", archive.toString());
        Files.setPosixFilePermissions(
                dir.resolve("place"), java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        application.apply(Files.newInputStream(archive), MediaTypes.OCI_LAYER_GZIP, target());
        List<String> ours = manifest(dir.resolve("place"));
        assertThat(ours).hasSizeGreaterThan(200).isEqualTo(manifest(theirs));
    }

    private static void run(String... command) throws Exception {
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(p.waitFor()).as(said).isZero();
    }

    private static List<String> manifest(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            List<String> lines = new ArrayList<>();
            for (Path p : (Iterable<Path>) all.filter(x -> !x.equals(top)).sorted()::iterator) {
                Map<String, Object> a = Files.readAttributes(
                        p,
                        "unix:mode,uid,gid,size,lastModifiedTime,nlink,isRegularFile,isSymbolicLink,isDirectory",
                        java.nio.file.LinkOption.NOFOLLOW_LINKS);
                String content = "";
                if ((boolean) a.get("isRegularFile")) {
                    content = Digest.ofSha256(Files.readAllBytes(p)).hex() + Xattrs.listNoFollow(p.toString());
                } else if ((boolean) a.get("isSymbolicLink")) {
                    content = Files.readSymbolicLink(p).toString();
                }
                boolean directory = (boolean) a.get("isDirectory");
                lines.add(top.relativize(p) + " " + a.get("mode") + " " + a.get("uid") + ":" + a.get("gid") + " "
                        + (directory ? "" : a.get("size")) + " " + seconds(a.get("lastModifiedTime")) + " "
                        + (directory ? "" : a.get("nlink")) + " " + content);
            }
            return lines;
        }
    }

    private static long seconds(Object time) {
        return ((java.nio.file.attribute.FileTime) time).toInstant().getEpochSecond();
    }
}
