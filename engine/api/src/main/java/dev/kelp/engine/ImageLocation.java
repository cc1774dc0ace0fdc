// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.model.KelpException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A place among the user's files that images are read from and written to, as containers/image names it
/// (containers-transports(5)): `oci:FOLDER[:TAG]`, `dir:FOLDER`, `oci-archive:FILE[:TAG]`,
/// `docker-archive:FILE[:NAME]`.
///
/// @param path as typed: relative ones are meant in the user's working directory
/// @param reference which of the images there: a layout's tag, an archive's name; null when it was not said
public record ImageLocation(
        Transport transport, String path, @Nullable String reference) {
    /// How the images lie there.
    public enum Transport {
        /// A folder that is an OCI image layout.
        OCI("oci"),
        /// A folder with the blobs of one image.
        DIR("dir"),
        OCI_ARCHIVE("oci-archive"),
        DOCKER_ARCHIVE("docker-archive");

        private final String word;

        Transport(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }

        public boolean isFolder() {
            return this == OCI || this == DIR;
        }
    }

    /// The place that a word means; empty when it does not begin as one. The two slashes that nerdctl writes before
    /// the
    /// path may be there.
    public static Optional<ImageLocation> parse(String word) {
        int colon = word.indexOf(':');
        Optional<Transport> transport = Arrays.stream(Transport.values())
                .filter(t -> colon > 0 && t.word.equals(word.substring(0, colon)))
                .findFirst();
        return transport.map(t -> of(t, word, word.substring(colon + 1)));
    }

    private static ImageLocation of(Transport transport, String word, String rest) {
        String place = rest.startsWith("//") ? rest.substring(2) : rest;
        int end = transport == Transport.DIR ? -1 : place.indexOf(':');
        String path = end < 0 ? place : place.substring(0, end);
        String reference = end < 0 || end + 1 == place.length() ? null : place.substring(end + 1);
        if (path.isEmpty()) {
            throw KelpException.invalid("`" + word + "` lacks a path");
        }
        return new ImageLocation(transport, path, reference);
    }

    /// A name below its path.
    public String child(String name) {
        return path.endsWith("/") ? path + name : path + "/" + name;
    }

    @Override
    public String toString() {
        return transport.word + ":" + path + (reference == null ? "" : ":" + reference);
    }
}
