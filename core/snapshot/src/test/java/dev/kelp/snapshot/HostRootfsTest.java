// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class HostRootfsTest {
    private Path dir;
    private Path target;
    private Path scratch;

    @BeforeEach
    void make() throws IOException {
        dir = Files.createTempDirectory("kelp-host-");
        target = Files.createDirectory(dir.resolve("target"));
        scratch = Files.createDirectory(dir.resolve("scratch"));
    }

    @AfterEach
    void remove() throws IOException {
        try (Fd parent = Inodes.open(dir.getParent().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(parent, dir.getFileName().toString());
        }
    }

    @Test
    void thisMachineIsShownAndNotTouched() throws IOException {
        HostRootfs.View view = HostRootfs.prepare(Path.of("/"), target, scratch, List.of(dir));
        boolean ownEtc = (int) Files.getAttribute(Path.of("/etc"), "unix:uid") != 65534;
        assertThat(view.foreignTrees().contains("/etc")).isNotEqualTo(ownEtc);
        HostRootfs.mount(view, target);
        try {
            assertThat(target.resolve("etc/passwd")).isReadable();
            assertThat(target.resolve("usr/bin/env")).isExecutable();
            for (String empty : List.of("run", "tmp", "home", "root", "proc", "dev", "var/tmp")) {
                if (Files.isDirectory(Path.of("/", empty), LinkOption.NOFOLLOW_LINKS)) {
                    assertThat(target.resolve(empty).toFile().list()).as(empty).isEmpty();
                }
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target.resolve("tmp"))))
                    .isEqualTo("rwxrwxrwx");
            if (Files.isSymbolicLink(Path.of("/bin"))) {
                assertThat(Files.readSymbolicLink(target.resolve("bin")))
                        .isEqualTo(Files.readSymbolicLink(Path.of("/bin")));
            }
            assertThat(target.resolve(Path.of("/").relativize(dir.resolve("target"))))
                    .doesNotExist();
            Files.writeString(target.resolve("etc/kelp-was-here"), "x");
            assertThat(Path.of("/etc/kelp-was-here")).doesNotExist();
        } finally {
            HostRootfs.unmount(view, target);
        }
        assertThat(target.resolve("etc").toFile().list()).isEmpty();
    }

    @Test
    void whatIsHiddenIsHiddenWhereItReallyIs() throws IOException {
        Path host = Files.createDirectories(dir.resolve("host"));
        Path deep = Files.createDirectories(host.resolve("a/b/c/d/e/f/g/h/i/j/k/home"));
        for (Path home : List.of(
                Files.createDirectories(host.resolve("data/people/ann")),
                Files.createDirectories(host.resolve("srv/ben")),
                deep)) {
            Files.writeString(home.resolve("key"), "x");
        }
        Files.createDirectories(host.resolve("data/other"));
        Files.createSymbolicLink(host.resolve("home"), Path.of("data/people"));
        Files.createSymbolicLink(host.resolve("ben"), Path.of("srv/ben"));
        HostRootfs.View view = HostRootfs.prepare(host, target, scratch, List.of(host.resolve("ben"), deep));
        HostRootfs.mount(view, target);
        try {
            assertThat(target.resolve("data/people").toFile().list()).isEmpty();
            assertThat(target.resolve("data/other")).isDirectory();
            assertThat(target.resolve("srv/ben").toFile().list()).isEmpty();
            try (var all = Files.walk(target)) {
                assertThat(all.filter(p -> p.endsWith("key"))).isEmpty();
            }
        } finally {
            HostRootfs.unmount(view, target);
        }
    }

    @Test
    void theEnginesFoldersAreHiddenAndNothingIsWrittenThrough() throws IOException {
        Path host = Files.createDirectories(dir.resolve("host"));
        Files.createDirectories(host.resolve("plain"));
        Files.createDirectories(host.resolve("secret/engine"));
        Files.writeString(host.resolve("secret/engine/key"), "x");
        Files.createDirectories(host.resolve("secret/open"));
        Files.writeString(host.resolve("plain/file"), "x");
        HostRootfs.View view = HostRootfs.prepare(host, target, scratch, List.of(host.resolve("secret/engine")));
        HostRootfs.mount(view, target);
        try {
            assertThat(target.resolve("secret/engine").toFile().list()).isEmpty();
            assertThat(target.resolve("secret/open")).isDirectory();
            Files.delete(target.resolve("plain/file"));
            assertThat(host.resolve("plain/file")).exists();
        } finally {
            HostRootfs.unmount(view, target);
        }
    }
}
