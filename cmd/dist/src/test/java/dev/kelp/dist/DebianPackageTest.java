// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianPackageTest {
    @TempDir
    private Path folder;

    private Path tree;

    @BeforeEach
    void makeTree() throws IOException {
        tree = folder.resolve("tree");
        // what is no ELF file says nothing about the C library
        file("bin/kelp", "\u007fELF GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_2.9\0")
                .toFile()
                .setExecutable(true);
        Files.createSymbolicLink(tree.resolve("bin/nerdctl"), Path.of("kelp"));
        Files.createSymbolicLink(tree.resolve("bin/containerd-rootless-setuptool.sh"), Path.of("kelp"));
        file("lib/a.jar", "GLIBC_2.99");
        file("java/bin/java", "\u007fELF GLIBC_2.17\0").toFile().setExecutable(true);
        file("build-id", "1\n");
        file("README.md", "not in the package");
        SharedFiles.write(tree.resolve("share"), "1.2");
    }

    private Path file(String name, String text) throws IOException {
        Path file = tree.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private byte[] deb() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Path changes = Files.writeString(folder.resolve("CHANGELOG.md"), "changes\n");
        new DebianPackage(tree, new DebianPackage.Label("1.2~rc1", "amd64", "Ann Other <ann@example.org>"), changes)
                .write(out);
        return out.toByteArray();
    }

    @Test
    void theSameTreeMakesTheSameBytes() throws IOException {
        byte[] first = deb();
        Files.setLastModifiedTime(tree.resolve("lib/a.jar"), java.nio.file.attribute.FileTime.fromMillis(0));
        assertThat(deb()).isEqualTo(first);
        assertThat(new String(first, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("!<arch>\n");
    }

    @Test
    void dpkgReadsIt() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/dpkg-deb")), "dpkg-deb is there");
        Path deb = Files.write(folder.resolve("kelp.deb"), deb());
        assertThat(ArchivesTest.run(folder, "dpkg-deb", "-f", deb.toString()).lines())
                .contains("Package: kelp", "Version: 1.2~rc1", "Architecture: amd64")
                .anyMatch(l -> l.startsWith("Depends: libc6 (>= 2.34), uidmap, conmon, crun | runc,"));
        List<String> names = ArchivesTest.run(folder, "dpkg-deb", "-c", deb.toString())
                .lines()
                .map(l -> l.replaceFirst(".* \\./", "/").replaceFirst(" -> .*", ""))
                .toList();
        assertThat(names)
                .contains(
                        "/usr/bin/kelp",
                        "/usr/lib/kelp/bin/nerdctl",
                        "/usr/lib/kelp/lib/a.jar",
                        "/usr/share/doc/kelp/changelog.gz",
                        "/usr/share/doc/kelp/CHANGELOG.md.gz",
                        "/usr/share/man/man1/kelp-run.1.gz",
                        "/usr/share/man/man1/kelp-container-run.1.gz",
                        "/usr/share/bash-completion/completions/kelp",
                        "/usr/share/zsh/vendor-completions/_kelp",
                        "/usr/share/fish/vendor_completions.d/kelp.fish",
                        "/usr/share/kelp/apparmor/usr.lib.kelp.bin.kelp",
                        "/etc/apparmor.d/kelp-default")
                .doesNotContain("/usr/lib/kelp/README.md", "/usr/share/kelp/apparmor/kelp-default")
                .endsWith("/usr/lib/kelp/build-id");
        ArchivesTest.run(folder, "dpkg-deb", "-e", deb.toString(), "control");
        assertThat(folder.resolve("control/conffiles")).hasContent("/etc/apparmor.d/kelp-default");
        for (String script : List.of("postinst", "prerm", "postrm")) {
            ArchivesTest.run(folder, "sh", "-n", "control/" + script);
        }
        assertThat(folder.resolve("control/postinst"))
                .content()
                .contains("names=\"containerd-rootless-setuptool.sh nerdctl\"");
        // what was unpacked is what the sums say
        ArchivesTest.run(folder, "dpkg-deb", "-x", deb.toString(), "unpacked");
        ArchivesTest.run(folder.resolve("unpacked"), "md5sum", "--quiet", "-c", folder + "/control/md5sums");
    }
}
