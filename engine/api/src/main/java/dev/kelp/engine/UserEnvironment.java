// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The user on whose behalf the engine works: her files, variables and programs, with her rights.
/// Relative paths resolve in her working directory. Failures are `KelpException`s naming the path.
public interface UserEnvironment {
    /// A file's whole content; empty when it does not exist. At most `bytesMax` bytes, more is RESOURCE_EXHAUSTED.
    Optional<byte[]> readFile(String path, int bytesMax);

    /// False when there is certainly no such file, which costs less to find out than [#readFile].
    default boolean mayExist(String path) {
        return true;
    }

    /// Replaces a file (temporary file and rename; folders are made), with that mode.
    void writeFile(String path, byte[] content, int mode);

    /// open(2) with the user's rights.
    Fd open(String path, int flags, int mode);

    /// mkdir -p with the user's rights.
    void makeDirectories(String path, int mode);

    /// A detached copy of the mount at `path` (open_tree(2)), with those below it when `recursive`, made with the
    /// user's
    /// rights and seen through the id map of `userNamespace` (mount_setattr(2)). Only host root may do that.
    default Fd cloneMount(String path, boolean recursive, Fd userNamespace) {
        throw new KelpException(ErrorKind.UNSUPPORTED, "cannot hand over a mount of `" + path + "`");
    }

    /// Runs a program of the user's in her session, catching at most 1 MiB of its output.
    HelperResult runHelper(List<String> command, byte[] stdin);

    /// Tells her something she should know although the call succeeds: one sentence, lower case, no full stop.
    default void warn(String sentence) {}

    /// Her environment variables.
    Map<String, String> variables();

    /// Absolute path of her working directory; empty when it has none any more.
    String workingDirectory();

    /// How a helper ended: exit code (127: not found) and what it wrote to standard output.
    record HelperResult(int exitCode, byte[] output) {}
}
