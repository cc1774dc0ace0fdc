// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/// The user's `config.toml` of containerd. What the user wrote stays as it is, comments and all: tables are added at
/// the end, and the result is read again before it takes the file's place.
public final class ContainerdConfig {
    private static final long FILE_BYTES_MAX = 1 << 20;
    private static final String PLUGINS = "proxy_plugins";
    private static final TomlMapper TOML = new TomlMapper();
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ALONE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path file;

    public ContainerdConfig(Path file) {
        this.file = file;
    }

    /// Adds a plugin. The file as it was is kept beside it.
    ///
    /// @return where the old file is; the file itself when it says all that already; empty when there was none
    /// @throws IOException when the file cannot be read or written, is not TOML, or says something else of the
    /// plugin
    public Optional<Path> add(ProxyPlugin plugin) throws IOException {
        boolean exists = Files.exists(file);
        if (exists && Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException("it is longer than " + FILE_BYTES_MAX + " bytes");
        }
        String old = exists ? Files.readString(file) : "";
        JsonNode known = parse(old).path(PLUGINS);
        JsonNode address = known.path(plugin.name()).path("address");
        if (!address.isMissingNode()) {
            if (address.asString("").equals(plugin.address())) {
                return Optional.of(file);
            }
            throw new IOException("it has proxy_plugins." + plugin.name() + " with another address, " + address);
        }
        String gap = old.isEmpty() ? "" : old.endsWith("\n") ? "\n" : "\n\n";
        String added = old.isEmpty() ? "version = 2\n\n" : "";
        String text = old + gap + added + (known.isMissingNode() ? plugin.toml() : plugin.table(""));
        if (!parse(text)
                .path(PLUGINS)
                .path(plugin.name())
                .path("address")
                .asString("")
                .equals(plugin.address())) {
            throw new IOException("lines added at its end would not count");
        }
        Optional<Path> backup = exists ? Optional.of(backup()) : Optional.empty();
        write(text);
        return backup;
    }

    private static JsonNode parse(String text) throws IOException {
        try {
            return TOML.readTree(text);
        } catch (JacksonException e) {
            throw new IOException("it is not TOML: " + e.getOriginalMessage(), e);
        }
    }

    /// The first free name; a backup never takes another one's place.
    private Path backup() throws IOException {
        for (int n = 0; ; n++) {
            Path copy = file.resolveSibling(file.getFileName() + (n == 0 ? ".orig" : ".orig." + n));
            if (!Files.exists(copy, LinkOption.NOFOLLOW_LINKS)) {
                return Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    /// A link, as people have who keep their files elsewhere, stays one. Permissions stay, and nobody
    /// else reads the new file before it has them: passwords of registries may be in it.
    private void write(String text) throws IOException {
        boolean exists = Files.exists(file);
        Path target = exists ? file.toRealPath() : file;
        Files.createDirectories(target.resolveSibling(""));
        Path fresh = target.resolveSibling(target.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        if (exists) {
            Files.createFile(fresh, OWNER_ALONE);
        }
        Files.write(fresh, text.getBytes(StandardCharsets.UTF_8));
        if (exists) {
            Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(target));
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }
}
