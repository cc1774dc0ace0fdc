// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.local.image.TarReader.Entry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarReaderTest {
    @TempDir
    Path folder;

    private List<Entry> entries(byte[] tar) throws IOException {
        List<Entry> all = new ArrayList<>();
        TarReader reader = new TarReader(new ByteArrayInputStream(tar));
        for (Entry e = reader.next(); e != null; e = reader.next()) {
            all.add(e);
        }
        return all;
    }

    @Test
    void readsLongNamesLinksAndContentOfEachFormat() throws Exception {
        Path stage = Files.createDirectories(folder.resolve("stage"));
        String longName = "n".repeat(180) + "/" + "m".repeat(120);
        Files.createDirectories(stage.resolve(longName).getParent());
        Files.writeString(stage.resolve(longName), "content");
        Files.createSymbolicLink(stage.resolve("link"), Path.of("t".repeat(150)));
        for (String format : List.of("gnu", "pax", "posix")) {
            Path tar = folder.resolve(format + ".tar");
            Programs.run(folder, "tar", "-H", format, "-cf", tar.toString(), "-C", stage.toString(), longName, "link");
            TarReader reader = new TarReader(new ByteArrayInputStream(Files.readAllBytes(tar)));
            Entry file = reader.next();
            assertThat(file).isEqualTo(new Entry(longName, '0', 7, ""));
            assertThat(reader.content().readAllBytes()).asString().isEqualTo("content");
            Entry link = reader.next();
            assertThat(link).isEqualTo(new Entry("link", '2', 0, "t".repeat(150)));
            assertThat(reader.next()).isNull();
        }
    }

    @Test
    void tarReadsWhatWeWrite() throws Exception {
        Path tar = folder.resolve("ours.tar");
        try (OutputStream out = Files.newOutputStream(tar)) {
            TarWriter writer = new TarWriter(out);
            writer.directory("d/");
            writer.file("d/a", new byte[700]);
            writer.file("d/b", 3, new ByteArrayInputStream(new byte[] {'x', 'y', 'z'}));
            writer.end();
        }
        assertThat(Programs.run(folder, "tar", "-tvf", tar.toString())).contains("d/a", "d/b", "700");
        assertThat(entries(Files.readAllBytes(tar)))
                .containsExactly(
                        new Entry("d/", '5', 0, ""), new Entry("d/a", '0', 700, ""), new Entry("d/b", '0', 3, ""));
    }

    @Test
    void largeSizesSurvive() throws Exception {
        long size = (9L << 30) + 5;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(bytes);
        assertThatThrownBy(() -> writer.file("big", size, InputStream.nullInputStream()))
                .hasMessageContaining("0 bytes");
        assertThat(new TarReader(new ByteArrayInputStream(bytes.toByteArray()))
                        .next()
                        .size())
                .isEqualTo(size);
    }

    @Test
    void refusesDamage() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(bytes);
        writer.file("a", new byte[100]);
        byte[] tar = bytes.toByteArray();
        byte[] wrong = java.util.Arrays.copyOf(tar, 2 * tar.length);
        System.arraycopy(tar, 0, wrong, tar.length, tar.length);
        wrong[tar.length] = 'b';
        assertThatThrownBy(() -> entries(wrong)).hasMessageContaining("checksum");
        wrong[0] = 'b';
        assertThatThrownBy(() -> entries(wrong)).hasMessageContaining("not a tar archive");
        assertThatThrownBy(() -> entries(java.util.Arrays.copyOf(tar, 550))).hasMessageContaining("middle of an entry");
        assertThatThrownBy(() -> entries(java.util.Arrays.copyOf(tar, 500))).hasMessageContaining("middle of a header");
        assertThat(entries(tar)).as("without the end marker").hasSize(1);
    }
}
