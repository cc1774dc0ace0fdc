// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.io.InputStream;
import java.io.OutputStream;

/// The files of one container. Paths are absolute or relative to its root and are resolved inside it, so no symbolic
/// link leads out, whatever its processes do meanwhile. A running container shows what its processes see, with volumes
/// and tmpfs; a stopped one its root file system and, where the path begins with their targets, its binds.
///
/// Docker's rules (`docker cp`): a file goes to a path that is not there (but for its last part), replaces a file, or
/// goes into a directory under its own name; a directory becomes the path that is not there, or goes into a directory
/// under its own name, or with its contents alone when the source ends in `/.`.
public interface ContainerFileAccess {
    /// Copies a file or directory of the user's into the container.
    ///
    /// @param how whether a link that `from` names is followed, and whose the files are
    void copyIn(String from, String to, CopyOptions how, UserEnvironment user);

    /// Copies out of the container; the files are the user's.
    void copyOut(String from, String to, boolean followLink, UserEnvironment user);

    /// Unpacks a tar into a directory of the container.
    void unpack(String directory, InputStream tar);

    /// Writes a file or directory as a tar whose first name is the last part of `path`.
    void pack(String path, boolean followLink, OutputStream tar);

    /// @param keepOwners files keep their owners and groups; else they are the container's root's
    record CopyOptions(boolean followLink, boolean keepOwners) {}
}
