// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.hosts;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;

/// Reads configuration files by absolute path, on whosever behalf.
@FunctionalInterface
public interface ConfigFiles {
    /// Longer files are refused.
    int FILE_BYTES_MAX = 1 << 20;

    /// No files at all.
    ConfigFiles NONE = path -> Optional.empty();

    /// The file's content, empty when there is none.
    ///
    /// @throws KelpException when it is there and cannot be read, or is over [#FILE_BYTES_MAX] bytes
    Optional<byte[]> read(String path);

    /// Files below one folder of this process's own view, all others being absent.
    static ConfigFiles under(Path folder) {
        return path -> {
            Path file = Path.of(path).normalize();
            if (!file.startsWith(folder)) {
                return Optional.empty();
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
                if (bytes.length > FILE_BYTES_MAX) {
                    throw new KelpException(
                            ErrorKind.RESOURCE_EXHAUSTED, "`" + file + "` is over " + FILE_BYTES_MAX + " bytes");
                }
                return Optional.of(bytes);
            } catch (NoSuchFileException | NotDirectoryException e) {
                return Optional.empty();
            } catch (IOException e) {
                throw new KelpException(ErrorKind.PERMISSION_DENIED, "read `" + file + "`: " + e, e);
            }
        };
    }
}
