// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tar and ar as the system's own programs read them.
class ArchivesTest {
    private static final long TIME = Instant.parse("2026-01-01T00:00:00Z").getEpochSecond();

    @TempDir
    private Path folder;

    static String run(Path folder, String... command) throws IOException, InterruptedException {
        Path log = folder.resolve("output");
        ProcessBuilder program = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        program.environment().put("TZ", "UTC");
        program.environment().put("LC_ALL", "C");
        Process process = program.start();
        assertThat(process.waitFor()).as(() -> String.join(" ", command)).isZero();
        return Files.readString(log);
    }

    @Test
    void tarReadsWhatWasWritten() throws IOException, InterruptedException {
        String deep = "d/" + "x".repeat(60) + "/" + "y".repeat(70) + "/file";
        Path content = Files.write(folder.resolve("content"), new byte[1000]);
        Path archive = folder.resolve("a.tar");
        try (TarWriter tar = new TarWriter(Files.newOutputStream(archive), TIME)) {
            tar.folder("d");
            tar.file("d/program", 0755, "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8));
            tar.file(deep, 0644, content);
            tar.link("d/link", "program");
        }
        List<String> lines =
                run(folder, "tar", "-tvf", archive.toString()).lines().toList();
        assertThat(lines.stream().map(l -> l.replaceAll(" +", " ")))
                .containsExactly(
                        "drwxr-xr-x root/root 0 2026-01-01 00:00 d/",
                        "-rwxr-xr-x root/root 10 2026-01-01 00:00 d/program",
                        "-rw-r--r-- root/root 1000 2026-01-01 00:00 " + deep,
                        "lrwxrwxrwx root/root 0 2026-01-01 00:00 d/link -> program");
    }

    @Test
    void aNameThatDoesNotFitIsRefused() {
        TarWriter tar = new TarWriter(OutputStream.nullOutputStream(), TIME);
        assertThatThrownBy(() -> tar.file("x".repeat(101), 0644, new byte[0]))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too long");
        assertThatThrownBy(() -> tar.link("a", "x".repeat(101))).isInstanceOf(IOException.class);
    }

    @Test
    void membersOfAnArBeginAtEvenPlaces() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArWriter ar = new ArWriter(out, TIME)) {
            ar.member("odd", "123".getBytes(StandardCharsets.US_ASCII));
            ar.member("next", "4".getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(out.toString(StandardCharsets.US_ASCII))
                .isEqualTo("!<arch>\n"
                        + "odd             1767225600  0     0     100644  3         `\n123\n"
                        + "next            1767225600  0     0     100644  1         `\n4\n");
    }

    @Test
    void aReleaseIsTheSameEachTime() throws IOException, InterruptedException {
        Path tree = Files.createDirectory(folder.resolve("tree"));
        Files.createDirectories(tree.resolve("bin"));
        Path program = Files.writeString(tree.resolve("bin/kelp"), "binary");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        Files.createSymbolicLink(tree.resolve("bin/nerdctl"), Path.of("kelp"));
        byte[] first = archive(tree);
        Files.setLastModifiedTime(program, FileTime.from(Instant.EPOCH));
        assertThat(archive(tree)).isEqualTo(first);
        Path file = Files.write(folder.resolve("a.tar.gz"), first);
        assertThat(run(folder, "tar", "-tzf", file.toString()).lines())
                .containsExactly("kelp-1/", "kelp-1/bin/", "kelp-1/bin/kelp", "kelp-1/bin/nerdctl");
    }

    private static byte[] archive(Path tree) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Release.archive(tree, "kelp-1", out);
        return out.toByteArray();
    }
}
