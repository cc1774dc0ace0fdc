// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FileProgressTest {
    private final List<Progress.Update> updates = new ArrayList<>();
    private final AtomicLong clock = new AtomicLong();
    private final FileProgress files = new FileProgress(updates::add, "owner of /x", State.CHANGING, clock::get);

    private void after(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
        files.run();
    }

    @Test
    void isSilentAboutWhatIsQuick() {
        for (int i = 0; i < 10_000; i++) {
            files.run();
        }
        files.end();
        assertThat(updates).isEmpty();
    }

    @Test
    void tellsOfWhatIsLongNowAndThen() {
        after(800);
        after(10);
        after(10);
        after(100);
        files.end();
        assertThat(updates)
                .containsExactly(
                        new Progress.Update("owner of /x", State.CHANGING, 1, -1),
                        new Progress.Update("owner of /x", State.CHANGING, 4, -1),
                        new Progress.Update("owner of /x", State.DONE, 0, -1));
    }

    @Test
    void endsWhenItIsInterrupted() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(files::run)
                    .isInstanceOfSatisfying(
                            KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
        } finally {
            Thread.interrupted();
        }
    }
}
