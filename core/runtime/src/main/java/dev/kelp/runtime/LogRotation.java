// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Begins a running container's log anew when it is full, and keeps what was before as `LOG.1` and so on.
///
/// The full file gets its second name first and conmon is asked to make a new one then, so no line is lost: conmon
/// writes to the old one until the new one is there. While no daemon is there a log grows beyond its limit. For one
/// thread at a time.
public final class LogRotation {
    /// Of files together, what is written to now included.
    public static final int FILES_MAX = LogFiles.OLDER_MAX + 1;

    /// After that time conmon has not heard what an earlier daemon asked.
    private static final long UNHEARD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path log;
    private final long bytesMax;
    private final int files;
    private final Runnable reopen;
    private Optional<String> full = Optional.empty();
    private boolean asked;
    private final long begun = System.nanoTime();

    /// @param reopen has conmon make a new file, see [ContainerTask#reopenLog]
    /// @param resumed whether the container ran under an earlier daemon
    public LogRotation(Path log, Limit limit, Runnable reopen, boolean resumed) {
        this.log = log;
        this.bytesMax = limit.bytes();
        this.files = Math.min(limit.files(), FILES_MAX);
        this.reopen = reopen;
        try {
            Optional<String> now = LogFiles.key(log);
            if (now.isPresent() && now.equals(LogFiles.key(LogFiles.older(log, 1)))) {
                if (resumed) {
                    full = now;
                } else {
                    Files.delete(LogFiles.older(log, 1));
                }
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /// @param bytes of one file
    /// @param files how many there are at most
    public record Limit(long bytes, int files) {}

    /// To be called when the log may have grown.
    public void check() {
        try {
            Optional<String> now = LogFiles.key(log);
            if (now.isEmpty()) {
                return;
            }
            if (full.isPresent()) {
                if (!full.equals(now)) {
                    full = Optional.empty();
                } else {
                    if (!asked && System.nanoTime() - begun > UNHEARD_NANOS) {
                        ask();
                    }
                    return;
                }
            }
            if (Files.size(log) >= bytesMax) {
                if (files > 1) {
                    shift();
                    Files.createLink(LogFiles.older(log, 1), log);
                }
                full = now;
                ask();
            }
        } catch (NoSuchFileException e) {
            // the container is being removed
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private void ask() {
        asked = true;
        reopen.run();
    }

    /// Makes room for another `LOG.1`. A gap that a killed daemon left is filled first.
    private void shift() throws IOException {
        int free = 1;
        while (free < files - 1 && Files.exists(LogFiles.older(log, free))) {
            free++;
        }
        for (int i = free; i > 1; i--) {
            Files.move(
                    LogFiles.older(log, i - 1),
                    LogFiles.older(log, i),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Files.deleteIfExists(LogFiles.older(log, 1));
    }

    private KelpException failure(IOException e) {
        return new KelpException(ErrorKind.INTERNAL, "begin the log " + log + " anew: " + e.getMessage(), e);
    }
}
