// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// When a container that has ended starts again by itself: Docker's four policies, with Docker's pauses.
///
/// @param retriesMax with ON_FAILURE: how often; 0: without limit
record RestartPolicy(Kind kind, int retriesMax) {
    static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 60_000;

    /// A run of this length has worked: the next failure is the first one again.
    private static final long STABLE_MILLIS = 10_000;

    private static final Pattern TEXT = Pattern.compile("(no|always|unless-stopped)|on-failure(?::([0-9]{1,9}))?");

    enum Kind {
        NO,
        ALWAYS,
        UNLESS_STOPPED,
        ON_FAILURE
    }

    static RestartPolicy of(ContainerSpec spec) {
        return parse(spec.lifecycle().restart());
    }

    static RestartPolicy parse(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return new RestartPolicy(Kind.NO, 0);
        }
        Matcher m = TEXT.matcher(text);
        if (!m.matches()) {
            throw KelpException.invalid("invalid restart policy `" + text + "`")
                    .withHint("use no, always, on-failure[:N] or unless-stopped");
        }
        String max = m.group(2);
        Kind kind = switch (text.replaceFirst(":.*", "")) {
            case "always" -> Kind.ALWAYS;
            case "unless-stopped" -> Kind.UNLESS_STOPPED;
            case "on-failure" -> Kind.ON_FAILURE;
            default -> Kind.NO;
        };
        return new RestartPolicy(kind, max == null ? 0 : Integer.parseInt(max));
    }

    boolean restarts() {
        return kind != Kind.NO;
    }

    /// Whether to start again after an end that nobody asked for.
    ///
    /// @param restarts how often that was done already
    boolean afterEnd(int exitCode, int restarts) {
        return switch (kind) {
            case NO -> false;
            case ALWAYS, UNLESS_STOPPED -> true;
            case ON_FAILURE -> exitCode != 0 && (retriesMax == 0 || restarts < retriesMax);
        };
    }

    /// Whether to start when the engine does. `always` means also one that the user had stopped.
    boolean atEngineStart(int exitCode, int restarts, boolean stopRequested) {
        return switch (kind) {
            case NO -> false;
            case ALWAYS -> true;
            case UNLESS_STOPPED -> !stopRequested;
            case ON_FAILURE -> !stopRequested && afterEnd(exitCode, restarts);
        };
    }

    /// How long to wait before the next start.
    ///
    /// @param previousMillis the pause before the run that has ended; 0: there was none
    static long pauseMillis(long previousMillis, long ranMillis) {
        return previousMillis == 0 || ranMillis >= STABLE_MILLIS
                ? FIRST_PAUSE_MILLIS
                : Math.min(previousMillis * 2, LONGEST_PAUSE_MILLIS);
    }
}
