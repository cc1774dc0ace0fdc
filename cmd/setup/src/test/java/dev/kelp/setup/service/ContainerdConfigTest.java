// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

class ContainerdConfigTest {
    private static final ProxyPlugin STARGZ = new ProxyPlugin("stargz", "/run/user/1000/s.sock");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("containerd/config.toml");
    }

    private JsonNode plugins() throws IOException {
        return new TomlMapper().readTree(Files.readString(file)).path("proxy_plugins");
    }

    private void write(String text) throws IOException {
        Files.createDirectories(folder.resolve("containerd"));
        Files.writeString(file, text);
    }

    @Test
    void aFileIsMadeWhereThereIsNone() throws IOException {
        assertThat(new ContainerdConfig(file).add(STARGZ)).isEmpty();
        assertThat(plugins().path("stargz").path("address").asString()).isEqualTo(STARGZ.address());
        assertThat(file).content().startsWith("version = 2\n");
    }

    /// Every way to write the table of plugins that TOML has lines added to.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "version = 3",
                "# none\n",
                "[proxy_plugins]\n",
                "[proxy_plugins]\n  [proxy_plugins.\"fuse\"]\n  address = \"/a\"",
                "[proxy_plugins.fuse]\naddress = \"/a\"\n\n[debug]\nlevel = \"info\"\n",
                "proxy_plugins.fuse.address = \"/a\"\n"
            })
    void whatIsThereStays(String before) throws IOException {
        write(before);
        Optional<Path> backup = new ContainerdConfig(file).add(STARGZ);
        assertThat(backup).hasValueSatisfying(b -> assertThat(b).content().isEqualTo(before));
        assertThat(file).content().startsWith(before);
        assertThat(plugins().path("stargz").path("type").asString()).isEqualTo("snapshot");
        if (before.contains("fuse")) {
            assertThat(plugins().path("fuse").path("address").asString()).isEqualTo("/a");
        }
    }

    @Test
    void onceIsEnough() throws IOException {
        ContainerdConfig config = new ContainerdConfig(file);
        config.add(STARGZ);
        byte[] before = Files.readAllBytes(file);
        assertThat(config.add(STARGZ)).contains(file);
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void noBackupIsLost() throws IOException {
        write("a = 1\n");
        new ContainerdConfig(file).add(STARGZ);
        new ContainerdConfig(file).add(new ProxyPlugin("fuse", "/f"));
        assertThat(file.resolveSibling("config.toml.orig")).content().isEqualTo("a = 1\n");
        assertThat(file.resolveSibling("config.toml.orig.1"))
                .content()
                .contains("stargz")
                .doesNotContain("fuse");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "rw-rw-r--", "r--------"})
    void permissionsStay(String permissions) throws IOException {
        write("a = 1\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        Path backup = new ContainerdConfig(file).add(STARGZ).orElseThrow();
        assertThat(file).content().contains("stargz");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo(permissions);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
                .isEqualTo(permissions);
    }

    @Test
    void aLinkStaysOne() throws IOException {
        Path elsewhere = Files.writeString(folder.resolve("kept.toml"), "a = 1\n");
        Files.createDirectories(folder.resolve("containerd"));
        Files.createSymbolicLink(file, elsewhere);
        new ContainerdConfig(file).add(STARGZ);
        assertThat(file).isSymbolicLink();
        assertThat(elsewhere).content().contains("stargz");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a = ",
                "proxy_plugins = { fuse = { address = \"/a\" } }\n",
                "[proxy_plugins.stargz]\naddress = \"/elsewhere\"\n",
                "proxy_plugins = 1\n"
            })
    void whatCannotBeAddedToIsLeftAsItIs(String before) throws IOException {
        write(before);
        assertThatThrownBy(() -> new ContainerdConfig(file).add(STARGZ)).isInstanceOf(IOException.class);
        assertThat(file).content().isEqualTo(before);
        assertThat(file.resolveSibling("config.toml.orig")).doesNotExist();
    }
}
