// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.progress;

import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Tells how work on many files goes on, once it has taken so long that somebody may wonder, and ends it when nobody
/// wants it any more: run after each file.
public final class FileProgress implements Runnable {
    private static final long SILENT_NANOS = TimeUnit.MILLISECONDS.toNanos(700);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Progress progress;
    private final String key;
    private final State state;
    private final LongSupplier nanoClock;
    private long files;
    private long nextNanos;
    private boolean told;

    /// @param key what the line is called
    /// @param state what is done to the files
    public FileProgress(Progress progress, String key, State state) {
        this(progress, key, state, System::nanoTime);
    }

    FileProgress(Progress progress, String key, State state, LongSupplier nanoClock) {
        this.progress = progress;
        this.key = key;
        this.state = state;
        this.nanoClock = nanoClock;
        this.nextNanos = nanoClock.getAsLong() + SILENT_NANOS;
    }

    /// One more file is done.
    @Override
    public void run() {
        files++;
        if (Thread.currentThread().isInterrupted()) {
            throw new KelpException(ErrorKind.CANCELLED, key + ": interrupted after " + files + " files");
        }
        long now = nanoClock.getAsLong();
        if (now - nextNanos >= 0) {
            nextNanos = now + PAUSE_NANOS;
            told = true;
            progress.update(new Progress.Update(key, state, files, -1));
        }
    }

    /// All is done.
    public void end() {
        if (told) {
            progress.update(new Progress.Update(key, State.DONE, 0, -1));
        }
    }
}
