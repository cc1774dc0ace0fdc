// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsersTest {
    private static final String PASSWD = """
            root:x:0:0:root:/root:/bin/sh
            # comment
            broken:line
            bad:x:99999999999:1::/:/bin/sh
            alice:x:1000:100:Alice:/home/alice:/bin/sh
            1234:x:7:7::/seven:
            alice:x:5:5::/second:
            """;
    private static final String GROUP = """
            root:x:0:
            users:x:100:
            video:x:44:bob,alice
            wheel:x:10:alice
            nobody
            """;

    private static Users users() {
        return Users.parse(PASSWD.getBytes(StandardCharsets.UTF_8), GROUP.getBytes(StandardCharsets.UTF_8));
    }

    private static String show(String spec, String... groups) {
        Users.Identity i = users().resolve(spec, List.of(groups));
        return i.uid() + ":" + i.gid() + " " + i.groups() + " " + i.home();
    }

    @Test
    void resolvesNamesAndNumbers() {
        assertThat(show(null)).isEqualTo("0:0 [0] /root");
        assertThat(show("alice")).isEqualTo("1000:100 [10, 44, 100] /home/alice");
        assertThat(show("1000")).isEqualTo("1000:100 [10, 44, 100] /home/alice");
        assertThat(show("alice:video")).isEqualTo("1000:44 [44] /home/alice");
        assertThat(show("4242")).isEqualTo("4242:0 [0] /");
        assertThat(show("4242:4343", "users", "9")).isEqualTo("4242:4343 [9, 100, 4343] /");
        assertThat(show("1234")).as("a name of digits wins").isEqualTo("7:7 [7] /seven");
        assertThat(show(":44")).isEqualTo("0:44 [44] /root");
    }

    @Test
    void refusesUnknownNames() {
        for (String spec : List.of("nobody", "alice:nogroup", "-1", "4294967295", "0x0", "broken")) {
            assertThatThrownBy(() -> users().resolve(spec, List.of()))
                    .as(spec)
                    .isInstanceOf(KelpException.class)
                    .hasMessageContaining("of the container");
        }
        assertThatThrownBy(() -> users().resolve("root", List.of("nogroup"))).isInstanceOf(KelpException.class);
    }

    @Test
    void neverReadsOutsideTheRoot(@TempDir Path dir) throws Exception {
        Path root = Files.createDirectories(dir.resolve("root/etc")).getParent();
        Files.writeString(dir.resolve("secret"), "evil:x:1:1::/:/bin/sh\n");
        Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("../../../../.." + dir.resolve("secret")));
        Files.createSymbolicLink(root.resolve("etc/group"), dir.resolve("secret"));
        try (RootFiles files = new RootFiles(root.toString())) {
            assertThat(files.read("/etc/passwd")).isEmpty();
            assertThat(files.read("/etc/group")).isEmpty();
            Files.delete(root.resolve("etc/passwd"));
            Files.writeString(root.resolve("etc/real"), "in:x:5:6::/:\n");
            Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("/etc/real"));
            assertThat(Users.of(files).resolve("in", List.of()).uid()).isEqualTo(5);
            Files.createDirectories(root.resolve("var"));
            Files.createSymbolicLink(root.resolve("var/out"), dir.resolve("outside"));
            assertThatThrownBy(() -> files.makeDirectories("/var/out/x", 0, 0)).isInstanceOf(KelpException.class);
            files.makeDirectories("/../../a/./b", 0, 0);
            assertThat(root.resolve("a/b")).isDirectory();
            assertThat(dir.resolve("outside")).doesNotExist();
        }
    }

    @Test
    void refusesAHugeFile(@TempDir Path dir) throws Exception {
        Files.createDirectories(dir.resolve("etc"));
        try (var f = new java.io.RandomAccessFile(dir.resolve("etc/passwd").toFile(), "rw")) {
            f.setLength(RootFiles.FILE_BYTES_MAX + 1L);
        }
        try (RootFiles files = new RootFiles(dir.toString())) {
            assertThatThrownBy(() -> Users.of(files)).hasMessageContaining("more than");
        }
    }

    @FuzzTest
    void resolvesOrRefuses(FuzzedDataProvider data) {
        byte[] passwd = data.consumeBytes(500);
        byte[] group = data.consumeBytes(500);
        try {
            Users.Identity i = Users.parse(passwd, group).resolve(data.consumeRemainingAsString(), List.of());
            assertThat(i.uid()).isBetween(0L, Users.ID_MAX);
            assertThat(i.gid()).isBetween(0L, Users.ID_MAX);
            assertThat(i.home()).startsWith("/");
        } catch (KelpException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }
}
