// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import java.io.IOException;
import java.io.InputStream;

/// Where `save` writes to: files of an archive or of a folder, what names others after them.
interface ImageTarget {
    void directory(String name) throws IOException;

    void file(String name, byte[] content) throws IOException;

    /// Copies exactly `size` bytes, or more precisely all that `content` has, which must be as many.
    void file(String name, long size, InputStream content) throws IOException;

    void end() throws IOException;
}
