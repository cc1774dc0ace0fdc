// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.model.Digest;
import dev.kelp.model.Reference;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/// What the containers of one namespace have changed in their root file systems, and images made of that. A "container"
/// argument is as in [Containers]; it may run. What is mounted into a container is no part of it.
public interface Changes {
    /// The changed paths: a directory before what is in it, names in order.
    List<FileChange> diff(String container);

    /// Writes the whole root file system as a tar.
    void export(String container, OutputStream out);

    /// Makes an image of the container: the image it runs and a layer of its changes, with its command, environment
    /// and
    /// so on, as Docker does.
    Committed commit(String container, CommitOptions options, UserEnvironment user);

    /// @param path absolute, in the container
    record FileChange(Kind kind, String path) {}

    enum Kind {
        ADDED('A'),
        MODIFIED('C'),
        DELETED('D');

        private final char letter;

        Kind(char letter) {
            this.letter = letter;
        }

        /// As Docker prints it.
        public char letter() {
            return letter;
        }
    }

    /// @param name of the image; empty: it gets none
    /// @param changes Dockerfile instructions that change the configuration: `ENV A=b`
    /// @param pause freeze the container meanwhile, if it runs and that is possible here
    /// @param format empty: as the image it stands on
    record CommitOptions(
            Optional<Reference> name,
            String author,
            String message,
            List<String> changes,
            boolean pause,
            Optional<Format> format,
            Compression compression) {
        public CommitOptions {
            changes = List.copyOf(changes);
        }
    }

    /// Which specification's media types an image has.
    enum Format {
        OCI,
        DOCKER
    }

    /// How a layer is packed.
    enum Compression {
        UNCOMPRESSED,
        GZIP,
        ZSTD
    }

    /// @param image the manifest's digest
    /// @param config the configuration's, which is Docker's id of the image
    record Committed(Digest image, Digest config) {}
}
