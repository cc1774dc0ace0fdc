// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.FileNames;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TarReaderTest {
    record Read(TarEntry entry, String content) {}

    static List<Read> read(byte[] tar, UnpackLimits limits, int blockBytes) throws IOException {
        int[] at = {0};
        TarReader reader = new TarReader(
                () -> {
                    if (at[0] == tar.length) {
                        return null;
                    }
                    int n = Math.min(blockBytes, tar.length - at[0]);
                    ByteBuffer b =
                            ByteBuffer.allocateDirect(n).put(tar, at[0], n).flip();
                    at[0] += n;
                    return b;
                },
                limits);
        List<Read> all = new ArrayList<>();
        for (TarEntry e = reader.next(); e != null; e = reader.next()) {
            StringBuilder content = new StringBuilder();
            // every second one is left for the next header to skip
            for (ByteBuffer b = all.size() % 2 == 0 ? reader.content() : null; b != null; b = reader.content()) {
                content.append(StandardCharsets.UTF_8.decode(b));
            }
            all.add(new Read(e, content.toString()));
        }
        return all;
    }

    private static List<Read> read(byte[] tar) throws IOException {
        return read(tar, UnpackLimits.DEFAULT, 64 << 10);
    }

    private static void assertRefused(ErrorKind kind, String message, byte[] tar) {
        assertThatThrownBy(() -> read(tar))
                .hasMessageContaining(message)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 511, 512, 513, 4096, 1 << 20})
    void readsAcrossBlocksOfAnySize(int blockBytes) throws IOException {
        byte[] tar = new TarBuilder()
                .file("first", "a".repeat(1500))
                .file("second", "skipped".repeat(300))
                .pax("path", "third/" + "x".repeat(300))
                .file("short", "content")
                .directory("dir/")
                .end();
        List<Read> all = read(tar, UnpackLimits.DEFAULT, blockBytes);
        assertThat(all)
                .extracting(r -> r.entry().path())
                .containsExactly("first", "second", "third/" + "x".repeat(300), "dir/");
        assertThat(all.get(0).content()).isEqualTo("a".repeat(1500));
        assertThat(all.get(2).content()).isEqualTo("content");
        assertThat(all.get(3).entry().type()).isEqualTo(TarEntry.DIRECTORY);
    }

    @Test
    void longNamesOfGnuAndUstar() throws IOException {
        String path = "long/" + "p".repeat(200);
        String target = "target/" + "t".repeat(250);
        byte[] prefixed = new TarBuilder().header("name", '0', "", 0);
        TarBuilder.put(prefixed, 345, 155, TarBuilder.bytes("some/prefix"));
        byte[] tar = new TarBuilder()
                .extended('L', TarBuilder.bytes(path + "\0"))
                .extended('K', TarBuilder.bytes(target + "\0"))
                .symlink("cut", "cut")
                .raw(TarBuilder.checksummed(prefixed))
                .end();
        List<Read> all = read(tar);
        assertThat(all.get(0).entry().path()).isEqualTo(path);
        assertThat(all.get(0).entry().link()).isEqualTo(target);
        assertThat(all.get(1).entry().path()).isEqualTo("some/prefix/name");
    }

    @Test
    void paxRecordsWinOverUstarFieldsAndEmptyOnesDoNot() throws IOException {
        byte[] tar = new TarBuilder()
                .pax("path", "näme")
                .pax("uid", "3000000")
                .pax("gid", "4000000")
                .pax("mtime", "1700000000.123456789999")
                .pax("SCHILY.xattr.user.x", new byte[] {0, 1, '\n', '='})
                .pax("comment", "ignored")
                .file("ustar", "")
                .pax("path", "")
                .pax("mtime", "-1.5")
                .file("kept", "")
                .end();
        List<Read> all = read(tar);
        TarEntry e = all.getFirst().entry();
        assertThat(e.path()).isEqualTo("näme");
        assertThat(e.uid()).isEqualTo(3_000_000);
        assertThat(e.gid()).isEqualTo(4_000_000);
        assertThat(e.modifiedNanos()).isEqualTo(1_700_000_000_123_456_789L);
        assertThat(e.xattrs().get("user.x")).containsExactly(0, 1, '\n', '=');
        assertThat(all.get(1).entry().path()).isEqualTo("kept");
        assertThat(all.get(1).entry().modifiedNanos()).isZero();
    }

    @Test
    void theSizeOfAPaxHeaderDecidesWhereTheNextEntryIs() throws IOException {
        TarBuilder tar = new TarBuilder();
        tar.extended('x', TarBuilder.record("size", TarBuilder.bytes("600")));
        tar.raw(tar.header("big", '0', "", 0)).content(new byte[600]).file("next", "x");
        assertThat(read(tar.end())).extracting(r -> r.entry().path()).containsExactly("big", "next");
    }

    @Test
    void base256Numbers() throws IOException {
        TarBuilder tar = new TarBuilder();
        tar.uid = 3_000_000_000L;
        tar.seconds = 9_000_000_000L;
        tar.file("big", "").seconds = -5;
        tar.file("old", "");
        List<Read> all = read(tar.end());
        assertThat(all.get(0).entry().uid()).isEqualTo(3_000_000_000L);
        assertThat(all.get(0).entry().modifiedNanos()).isEqualTo(9_000_000_000L * 1_000_000_000L);
        assertThat(all.get(1).entry().modifiedNanos()).isZero();
    }

    @Test
    void globalHeadersHaveNoEffect() throws IOException {
        byte[] tar = new TarBuilder()
                .extended('g', TarBuilder.record("path", TarBuilder.bytes("everywhere")))
                .file("mine", "")
                .end();
        assertThat(read(tar).getFirst().entry().path()).isEqualTo("mine");
    }

    @Test
    void v7DirectoriesEndWithASlash() throws IOException {
        byte[] tar = new TarBuilder().node("dir/", '\0').node("file", '\0').end();
        assertThat(read(tar)).extracting(r -> r.entry().type()).containsExactly('5', '0');
    }

    @Test
    void linksHaveNoContentWhateverTheirSizeSays() throws IOException {
        TarBuilder tar = new TarBuilder();
        tar.raw(tar.header("link", '1', "target", 5000)).file("next", "");
        assertThat(read(tar.end())).extracting(r -> r.entry().path()).containsExactly("link", "next");
    }

    @Test
    void anArchiveMayEndWithoutItsZeroBlocks() throws IOException {
        assertThat(read(new TarBuilder().file("a", "x").unfinished())).hasSize(1);
        assertThat(read(new byte[0])).isEmpty();
        assertThat(read(new byte[512])).isEmpty();
    }

    @Test
    void damageIsNoticed() {
        byte[] whole = new TarBuilder().file("a", "content").end();
        byte[] flipped = whole.clone();
        flipped[3] ^= 1;
        assertRefused(ErrorKind.INVALID_ARGUMENT, "checksum", flipped);
        assertRefused(ErrorKind.DATA_LOSS, "middle", java.util.Arrays.copyOf(whole, 700));
        assertRefused(ErrorKind.DATA_LOSS, "middle", java.util.Arrays.copyOf(whole, 100));
        byte[] afterZero =
                new TarBuilder().raw(new byte[512]).file("hidden", "").end();
        assertRefused(ErrorKind.INVALID_ARGUMENT, "zero block", afterZero);
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "record",
                new TarBuilder().extended('x', TarBuilder.bytes("99 path=a\n")).end());
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "record",
                new TarBuilder().extended('x', TarBuilder.bytes("0 path=a\n")).end());
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "NUL",
                new TarBuilder().pax("path", "a\0b").file("x", "").end());
    }

    @Test
    void whatIsNotSupportedIsSaid() {
        assertRefused(
                ErrorKind.UNSUPPORTED,
                "sparse",
                new TarBuilder().pax("GNU.sparse.major", "1").file("x", "").end());
        assertRefused(
                ErrorKind.UNSUPPORTED, "sparse", new TarBuilder().node("x", 'S').end());
        assertRefused(
                ErrorKind.UNSUPPORTED, "type", new TarBuilder().node("x", 'Z').end());
    }

    @Test
    void namesThatAreNotUtf8KeepTheirBytes() throws IOException {
        byte[] latin1 = new TarBuilder().header("x", '0', "", 0);
        latin1[0] = (byte) 0xe9;
        byte[] tar = new TarBuilder().raw(TarBuilder.checksummed(latin1)).end();
        assertThat(FileNames.encode(read(tar).getFirst().entry().path())).containsExactly(0xe9);
    }

    @Test
    void limitsHold() {
        assertThatThrownBy(() -> read(
                        new TarBuilder().file("a", "").file("b", "").end(), UnpackLimits.DEFAULT.withEntries(1), 512))
                .hasMessageContaining("more than 1 entries");
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "4096",
                new TarBuilder().pax("path", "x/".repeat(2100)).file("x", "").end());
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "65536",
                new TarBuilder()
                        .pax("SCHILY.xattr.user.big", new byte[65_537])
                        .file("x", "")
                        .end());
        TarBuilder huge = new TarBuilder();
        huge.raw(huge.header("PaxHeader", 'x', "", 1L << 40));
        assertRefused(ErrorKind.RESOURCE_EXHAUSTED, "extended header", huge.end());
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "owner",
                new TarBuilder().pax("uid", "-1").file("x", "").end());
        assertRefused(
                ErrorKind.INVALID_ARGUMENT,
                "owner",
                new TarBuilder().pax("uid", "4294967295").file("x", "").end());
    }
}
