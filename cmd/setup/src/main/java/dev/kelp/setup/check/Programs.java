// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.time.Duration;
import java.util.List;

/// Runs programs of the machine.
@FunctionalInterface
public interface Programs {
    /// How a program ended.
    ///
    /// @param code its exit code; [#NOT_RUN] when it did not run to its end
    /// @param text what it said on both outputs, at most [#OUTPUT_BYTES_MAX] of it
    record Answer(int code, String text) {
        public boolean succeeded() {
            return code == 0;
        }

        /// The first line that says something.
        public String line() {
            return text.lines().filter(l -> !l.isBlank()).findFirst().orElse("").strip();
        }

        /// The last one, which is where programs say what they failed at.
        public String lastLine() {
            return text.lines()
                    .filter(l -> !l.isBlank())
                    .reduce((a, b) -> b)
                    .orElse("")
                    .strip();
        }
    }

    int NOT_RUN = -1;

    int OUTPUT_BYTES_MAX = 64 << 10;

    /// Runs it to its end, with nothing to read. One that takes longer than 20 seconds is killed.
    Answer run(List<String> command);

    /// The same for one that may take longer.
    default Answer run(List<String> command, Duration max) {
        return run(command);
    }
}
