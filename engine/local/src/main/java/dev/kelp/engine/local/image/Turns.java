// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.HashMap;
import java.util.Map;

/// Lets those who want the same thing go one after the other, so that the second finds what the first has made.
final class Turns {
    private final Map<String, Turn> taken = new HashMap<>();

    /// Waits for the turn; interruption is CANCELLED. `waiting` is run once, when there is somebody to wait for.
    Turn take(String what, Runnable waiting) {
        Turn mine = new Turn(what);
        boolean told = false;
        synchronized (taken) {
            while (taken.putIfAbsent(what, mine) != null) {
                if (!told) {
                    told = true;
                    waiting.run();
                }
                try {
                    taken.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new KelpException(ErrorKind.CANCELLED, "interrupted while waiting for another pull", e);
                }
            }
        }
        return mine;
    }

    final class Turn implements AutoCloseable {
        private final String what;

        private Turn(String what) {
            this.what = what;
        }

        @Override
        public void close() {
            synchronized (taken) {
                taken.remove(what, this);
                taken.notifyAll();
            }
        }
    }
}
