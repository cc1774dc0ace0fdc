// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget.Deletions;
import dev.kelp.snapshot.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LayerUnpackerTest {
    private static final UnpackPolicy POLICY = new UnpackPolicy(UnpackLimits.DEFAULT, Ownership.EXACT);
    /// cap_net_raw=ep as revision 2, as setcap(8) writes it for real root.
    private static final byte[] CAPABILITY = HexFormat.of().parseHex("0100000200200000000000000000000000000000");

    private Path dir;
    private Path root;
    private PendingInheritance pending = new PendingInheritance(List.of(), List.of(), false);

    @BeforeEach
    void make() throws IOException {
        dir = Files.createTempDirectory("kelp-unpack-");
        root = Files.createDirectory(dir.resolve("root"));
        Files.writeString(dir.resolve("outside"), "untouched");
    }

    @AfterEach
    void remove() throws IOException {
        assertThat(Files.readString(dir.resolve("outside"))).isEqualTo("untouched");
        assertThat(dir.toFile().list()).containsExactlyInAnyOrder("outside", "root");
        try (Fd parent = Inodes.open(dir.getParent().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(parent, dir.getFileName().toString());
        }
    }

    private UnpackReport unpack(Deletions deletions, TarBuilder tar) throws IOException {
        return unpack(deletions, tar, POLICY);
    }

    private UnpackReport unpack(Deletions deletions, TarBuilder tar, UnpackPolicy policy) throws IOException {
        try (Fd fd = Inodes.open(root.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
                LayerUnpacker unpacker = new LayerUnpacker(fd, deletions, policy)) {
            unpacker.unpack(tar.stream());
            pending = unpacker.pending();
            return unpacker.report();
        }
    }

    private UnpackReport unpack(TarBuilder tar) throws IOException {
        return unpack(Deletions.OVERLAY, tar);
    }

    private void assertRefused(String message, TarBuilder tar) {
        assertThatThrownBy(() -> unpack(tar)).isInstanceOf(KelpException.class).hasMessageContaining(message);
    }

    private Stat stat(String path) throws ErrnoException {
        return Inodes.lstat(root.resolve(path).toString());
    }

    private String xattr(String path, String name) throws ErrnoException {
        return Xattrs.getNoFollow(root.resolve(path).toString(), name)
                .map(v -> new String(v, java.nio.charset.StandardCharsets.UTF_8))
                .orElse("");
    }

    private String text(String path) throws IOException {
        return Files.readString(root.resolve(path));
    }

    // ---- metadata

    @Test
    void ownersModesTimesAndAttributes() throws IOException {
        TarBuilder tar = new TarBuilder();
        tar.as(02750, 7, 8).pax("mtime", "1500000000.5").directory("dir/");
        tar.as(04755, 1000, 1001)
                .pax("mtime", "1400000000.000000001")
                .pax("SCHILY.xattr.user.note", "hello")
                .pax("SCHILY.xattr.security.capability", CAPABILITY)
                .file("dir/file", "content");
        tar.as(0777, 1000, 1001).pax("mtime", "1300000000").symlink("dir/link", "../../anywhere");
        tar.as(0640, 5, 6).node("dir/fifo", '6');
        UnpackReport report = unpack(tar);
        assertThat(stat("dir").permissions()).isEqualTo(02750);
        assertThat(stat("dir").modifiedNanos()).isEqualTo(1_500_000_000_500_000_000L);
        assertThat(stat("dir").uid()).isEqualTo(7);
        Stat file = stat("dir/file");
        assertThat(file.permissions()).isEqualTo(04755);
        assertThat(List.of(file.uid(), file.gid())).containsExactly(1000, 1001);
        assertThat(file.modifiedNanos()).isEqualTo(1_400_000_000_000_000_001L);
        assertThat(xattr("dir/file", "user.note")).isEqualTo("hello");
        assertThat(Xattrs.getNoFollow(root.resolve("dir/file").toString(), "security.capability"))
                .hasValueSatisfying(v -> assertThat(v).startsWith(1, 0, 0).endsWith(new byte[12]));
        assertThat(stat("dir/link").modifiedNanos()).isEqualTo(1_300_000_000_000_000_000L);
        assertThat(stat("dir/link").uid()).isEqualTo(1000);
        assertThat(stat("dir/fifo").type()).isEqualTo(Stat.S_IFIFO);
        assertThat(stat("dir/fifo").permissions()).isEqualTo(0640);
        assertThat(report.fileBytes()).isEqualTo(7);
        assertThat(report.notes()).isEmpty();
    }

    @Test
    void capabilitiesOfAnotherNamespaceBecomeOurs() throws IOException {
        byte[] v3 = HexFormat.of().parseHex("010000030020000000000000000000000000000040420f00");
        unpack(new TarBuilder().pax("SCHILY.xattr.security.capability", v3).file("ping", ""));
        assertThat(Xattrs.getNoFollow(root.resolve("ping").toString(), "security.capability"))
                .isPresent();
    }

    @Test
    void attributesNobodyMaySetAreCounted() throws IOException {
        UnpackReport report = unpack(new TarBuilder()
                .pax("SCHILY.xattr.trusted.overlay.opaque", "y")
                .pax("SCHILY.xattr.user.overlay.opaque", "y")
                .pax("SCHILY.xattr.user.overlay.redirect", "/etc")
                .directory("dir/")
                .pax("SCHILY.xattr.user.on-a-link", "y")
                .symlink("link", "dir"));
        assertThat(report.droppedXattrs())
                .containsOnly(
                        Map.entry("trusted.overlay.opaque", 1L),
                        Map.entry("user.overlay.opaque", 1L),
                        Map.entry("user.overlay.redirect", 1L),
                        Map.entry("user.on-a-link", 1L));
        assertThat(xattr("dir", "user.overlay.opaque")).isEmpty();
        assertThat(report.notes()).hasSize(4);
    }

    @Test
    void theRootDirectoryTakesItsEntrysMetadata() throws IOException {
        unpack(new TarBuilder().as(0711, 3, 4).directory("./").file("./a", ""));
        assertThat(Inodes.lstat(root.toString()).permissions()).isEqualTo(0711);
        assertThat(Inodes.lstat(root.toString()).uid()).isEqualTo(3);
    }

    @Test
    void aDirectoryWithoutPermissionsCanBeFilled() throws IOException {
        TarBuilder tar = new TarBuilder().as(0, 0, 0).directory("closed/");
        unpack(tar.as(0600, 1, 1).file("closed/file", "x"));
        assertThat(stat("closed").permissions()).isZero();
        assertThat(stat("closed").modifiedNanos()).isEqualTo(1_600_000_000_000_000_000L);
        assertThat(stat("closed/file").sizeBytes()).isOne();
    }

    @Test
    void ownersWithoutAnIdAreRefusedOrSquashed() throws IOException {
        TarBuilder tar = new TarBuilder().as(04755, 900_000, 900_000).file("f", "x");
        assertThatThrownBy(() -> unpack(tar)).isInstanceOfSatisfying(KelpException.class, e -> {
            assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
            assertThat(e.hint()).get().asString().contains("/etc/subuid");
        });
        UnpackReport report = unpack(
                Deletions.OVERLAY,
                new TarBuilder()
                        .as(04755, 900_000, 900_000)
                        .file("f", "x")
                        .symlink("l", "f")
                        .directory("d/"),
                new UnpackPolicy(UnpackLimits.DEFAULT, Ownership.SQUASH));
        assertThat(report.squashedOwners()).isEqualTo(3);
        assertThat(stat("f").permissions()).isEqualTo(04755);
        assertThat(stat("f").uid()).isZero();
    }

    @Test
    void deviceNodesAreLeftOut() throws IOException {
        UnpackReport report =
                unpack(new TarBuilder().node("null", '3').node("disk", '4').file("after", "x"));
        assertThat(root.toFile().list()).containsExactly("after");
        assertThat(report.skippedDevices()).isEqualTo(2);
        assertThat(report.notes()).hasSize(1);
    }

    // ---- names

    @ParameterizedTest
    @ValueSource(strings = {"../outside", "a/../../outside", "..", "/../outside", "x/../../root/../outside"})
    void pathsThatLeaveTheRootAreRefused(String path) {
        assertRefused("leaves the root", new TarBuilder().file(path, "escaped"));
        assertRefused("leaves the root", new TarBuilder().link("link", path));
    }

    @ParameterizedTest
    @CsvSource({"/abs/file,abs/file", "./a//b/./c,a/b/c", "a/x/../b,a/b", "dir/sub/,dir/sub"})
    void pathsAreMadeRelative(String path, String clean) throws IOException {
        unpack(new TarBuilder().file(path, "x"));
        assertThat(text(clean)).isEqualTo("x");
    }

    @Test
    void symbolicLinksDoNotLeadOut() throws IOException {
        unpack(new TarBuilder()
                .symlink("up", "..")
                .file("up/outside", "1")
                .symlink("abs", dir.toString())
                .directory("abs/made")
                .file("abs/outside", "2")
                .symlink("deep", "../../../../../../" + dir)
                .file("deep/outside", "3")
                .symlink("magic", "/proc/self/root/" + dir)
                .file("magic/outside", "4"));
        assertThat(text("outside")).isEqualTo("1");
        assertThat(text(dir.toString().substring(1) + "/outside")).isEqualTo("3");
    }

    @Test
    void aLinkInAFilesPlaceIsReplacedNotFollowed() throws IOException {
        unpack(new TarBuilder()
                .symlink("f", dir.resolve("outside").toString())
                .file("f", "mine")
                .symlink("g", "../outside")
                .link("h", "g"));
        assertThat(text("f")).isEqualTo("mine");
        assertThat(stat("h").isSymlink()).isTrue();
    }

    @Test
    void directoriesThroughLinksOfTheSameLayer() throws IOException {
        unpack(new TarBuilder()
                .directory("usr/lib/")
                .symlink("lib", "usr/lib")
                .file("lib/a.so", "1")
                .symlink("var/run", "/run")
                .file("var/run/lock/pid", "2"));
        assertThat(text("usr/lib/a.so")).isEqualTo("1");
        assertThat(text("run/lock/pid")).isEqualTo("2");
        assertThat(pending.impliedDirectories()).contains("var", "run", "var/run/lock");
    }

    @Test
    void loopsOfLinksAndFilesAsDirectoriesAreRefused() {
        assertRefused("", new TarBuilder().symlink("a", "b").symlink("b", "a").file("a/c", "x"));
        assertRefused("not a directory", new TarBuilder().file("f", "x").file("f/g", "y"));
        assertRefused("nothing", new TarBuilder().symlink("empty", ""));
        assertRefused("root directory", new TarBuilder().file("./", "x"));
    }

    @Test
    void longPathsAndUnusualNames() throws IOException {
        String path = "d/".repeat(1500) + "f";
        unpack(new TarBuilder()
                .pax("path", path)
                .file("x", "deep")
                .file("with\nnewline", "1")
                .file("-rf", "2")
                .file("ünï¢ode", "3")
                .file("back\\slash", "4"));
        assertThat(text("with\nnewline")).isEqualTo("1");
        assertThat(text("ünï¢ode")).isEqualTo("3");
        assertThat(pending.impliedDirectories()).hasSize(1500);
    }

    // ---- the same name twice

    @Test
    void laterEntriesReplaceEarlierOnes() throws IOException {
        unpack(new TarBuilder()
                .file("a", "old")
                .file("a", "new")
                .directory("dir/")
                .file("dir/in", "x")
                .file("dir", "file now")
                .file("file", "x")
                .as(0700, 1, 1)
                .directory("file/")
                .file("file/in", "y")
                .as(0644, 0, 0)
                .symlink("s", "a")
                .directory("s/")
                .file("s/in", "z"));
        assertThat(text("a")).isEqualTo("new");
        assertThat(text("dir")).isEqualTo("file now");
        assertThat(text("file/in")).isEqualTo("y");
        assertThat(stat("file").permissions()).isEqualTo(0700);
        assertThat(text("s/in")).isEqualTo("z");
        assertThat(stat("s").isDirectory()).isTrue();
    }

    @Test
    void replacingAFileLeavesItsHardLinksAlone() throws IOException {
        unpack(new TarBuilder()
                .file("a", "first")
                .link("b", "a")
                .link("b", "a")
                .link("a", "a")
                .file("a", "second")
                .link("c", "./a"));
        assertThat(text("b")).isEqualTo("first");
        assertThat(text("a")).isEqualTo("second");
        assertThat(stat("c").sameFile(stat("a"))).isTrue();
        assertThat(stat("b").links()).isOne();
    }

    @Test
    void metadataOfAReplacedDirectoryGoesNowhereElse() throws IOException {
        unpack(new TarBuilder()
                .as(0700, 9, 9)
                .directory("a/")
                .directory("a/b/")
                .as(0755, 0, 0)
                .directory("c/")
                .directory("c/b/")
                .symlink("a", "c"));
        assertThat(stat("c/b").uid()).isZero();
        assertThat(stat("c/b").permissions()).isEqualTo(0755);
    }

    @Test
    void hardLinksToNothingSensibleAreRefused() {
        assertRefused("not a file", new TarBuilder().directory("d/").link("l", "d"));
        assertRefused("not a file", new TarBuilder().file(".wh.gone", "").link("l", "gone"));
        assertRefused("root", new TarBuilder().link("l", "./"));
        assertThatThrownBy(() -> unpack(Deletions.REMOVE, new TarBuilder().link("l", "missing")))
                .isInstanceOf(KelpException.class);
    }

    // ---- whiteouts

    @Test
    void whiteoutsInOverlayForm() throws IOException {
        unpack(new TarBuilder()
                .file("dir/.wh.gone", "")
                .file("dir/.wh.remade", "")
                .directory("dir/remade/")
                .file("dir/remade/new", "x")
                .file("dir/.wh.rewritten", "")
                .file("dir/rewritten", "y")
                .directory("kept/")
                .file(".wh.kept", "")
                .file("also", "z")
                .file(".wh.also", "")
                .file("opaque/.wh..wh..opq", "")
                .file("opaque/in", "x")
                .file("under/.wh.nothing", "")
                .file("under/nothing/below", "x")
                .file(".wh..wh.plnk/1.2", "aufs")
                .file(".wh..wh.aufs", ""));
        assertThat(stat("dir/gone").isWhiteout()).isTrue();
        assertThat(xattr("dir/remade", "user.overlay.opaque")).isEqualTo("y");
        assertThat(text("dir/rewritten")).isEqualTo("y");
        assertThat(xattr("kept", "user.overlay.opaque")).isEqualTo("y");
        assertThat(text("also")).isEqualTo("z");
        assertThat(xattr("opaque", "user.overlay.opaque")).isEqualTo("y");
        assertThat(xattr("under/nothing", "user.overlay.opaque")).isEqualTo("y");
        assertThat(root.toFile().list()).containsExactlyInAnyOrder("dir", "kept", "also", "opaque", "under");
    }

    @Test
    void whiteoutsThatRemove() throws IOException {
        unpack(
                Deletions.REMOVE,
                new TarBuilder()
                        .file("dir/gone", "old")
                        .file("dir/stays", "old")
                        .file("dir/sub/a", "old")
                        .file("opaque/old", "old")
                        .file("opaque/both", "old")
                        .file("opaque/sub/old", "old")
                        .file("remade/old", "old"));
        unpack(
                Deletions.REMOVE,
                new TarBuilder()
                        .file("dir/.wh.gone", "")
                        .file("dir/.wh.missing", "")
                        .file("dir/.wh.sub", "")
                        .file("opaque/both", "new")
                        .file("opaque/sub/new", "new")
                        .file("opaque/.wh..wh..opq", "")
                        .file("opaque/after", "new")
                        .directory("remade/")
                        .file("remade/new", "new")
                        .file(".wh.remade", ""));
        assertThat(root.resolve("dir").toFile().list()).containsExactly("stays");
        assertThat(root.resolve("opaque").toFile().list()).containsExactlyInAnyOrder("both", "sub", "after");
        assertThat(root.resolve("opaque/sub").toFile().list()).containsExactly("new");
        assertThat(text("opaque/both")).isEqualTo("new");
        assertThat(root.resolve("remade").toFile().list()).containsExactly("new");
    }

    @ParameterizedTest
    @ValueSource(strings = {".wh.", "a/.wh...", "a/.wh.."})
    void whiteoutsOfNothingAreRefused(String path) {
        assertRefused("whiteout of nothing", new TarBuilder().file(path, ""));
    }

    @Test
    void whiteoutsDoNotLeadOut() throws IOException {
        unpack(Deletions.REMOVE, new TarBuilder().symlink("up", "..").file("up/.wh.outside", ""));
        unpack(Deletions.REMOVE, new TarBuilder().symlink("abs", dir.toString()).file("abs/.wh..wh..opq", ""));
        assertThat(Files.exists(dir.resolve("outside"), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
    }

    // ---- limits

    @Test
    void noMoreIsWrittenThanTheLimitAllows() {
        UnpackPolicy tight = new UnpackPolicy(UnpackLimits.DEFAULT.withUncompressedBytes(1000), Ownership.EXACT);
        assertThatThrownBy(() -> unpack(
                        Deletions.OVERLAY,
                        new TarBuilder().file("a", "x".repeat(600)).file("b", "x".repeat(600)),
                        tight))
                .hasMessageContaining("1000");
    }

    // ---- what it takes

    @Test
    void whatALayerTakesIsCounted() throws IOException {
        UnpackReport report = unpack(new TarBuilder()
                .directory("d")
                .file("d/empty", "")
                .file("d/small", "x")
                .file("d/blocks", "x".repeat(10_000))
                .link("again", "d/blocks")
                .symlink("short", "d")
                .symlink("long", "x".repeat(90))
                .file("implied/directory/file", "x"));
        long bytes = 0;
        long inodes = 0;
        try (var paths = Files.walk(root)) {
            for (Path p : paths.filter(p -> !p.equals(root.resolve("again"))).toList()) {
                bytes += Inodes.lstat(p.toString()).blocks() * 512;
                inodes++;
            }
        }
        assertThat(report.usage()).isEqualTo(new Usage(bytes, inodes));
    }

    @Test
    void whatALayerTakesIsNotKnownWhenItReplacesItsOwnFiles() throws IOException {
        assertThat(unpack(new TarBuilder().file("f", "x").file("f", "y")).usage())
                .isNull();
    }
}
