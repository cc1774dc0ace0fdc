// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What an [IOException] of the store's files means.
final class DiskErrors {
    /// With less than this left a failed write is taken for a full disk, whatever language the message is in.
    private static final long FULL_BYTES = 1 << 20;

    private DiskErrors() {}

    static KelpException of(String what, Path path, IOException e) {
        if (e instanceof ClosedByInterruptException) {
            return new KelpException(ErrorKind.CANCELLED, what + " `" + path + "`: interrupted", e);
        }
        String text = String.valueOf(e.getMessage());
        if (text.contains("No space left") || text.contains("quota exceeded") || isFull(path)) {
            return new KelpException(
                            ErrorKind.RESOURCE_EXHAUSTED, what + " `" + path + "`: no space left on the disk", e)
                    .withHint("free some space (`kelp system prune` removes what is not used) and try again: what was"
                            + " fetched so far is kept");
        }
        return new KelpException(ErrorKind.INTERNAL, what + " `" + path + "`: " + e, e);
    }

    private static boolean isFull(Path path) {
        try {
            Path folder = path.getParent();
            return folder != null && Files.getFileStore(folder).getUsableSpace() < FULL_BYTES;
        } catch (IOException e) {
            return false;
        }
    }
}
