// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Stat;
import org.jspecify.annotations.Nullable;

/// One name that differs between a tree and what lies below it.
///
/// @param path below the root, without a slash at either end; the root is empty
/// @param directory holds the name; open during the visit only
/// @param name in `directory`; `.` for the root
/// @param stat of the file as it is now; null when it is gone
public record Change(
        Kind kind,
        String path,
        Fd directory,
        String name,
        @Nullable Stat stat) {
    /// What happened to a name.
    public enum Kind {
        ADDED,
        MODIFIED,
        DELETED,
        /// A directory that is as it was, on the way to something that changed.
        PARENT
    }

    /// The file as it is now; not for [Kind#DELETED].
    public Stat now() {
        if (stat == null) {
            throw new IllegalStateException("`" + path + "` is gone");
        }
        return stat;
    }
}
