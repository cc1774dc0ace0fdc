// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What one execution of a template may still cost in time and memory: loops can be nested and strings doubled, so a
/// short template could otherwise occupy the engine for ever.
final class Budget {
    /// Of all steps and values together, in characters.
    static final long COST_MAX = 64L << 20;

    /// Of what a function is given.
    static final long ARGUMENTS_MAX = 2L << 20;

    private static final int STEP_COST = 64;
    private static final int ELEMENT_COST = 16;

    private long left = COST_MAX;

    /// One more node is executed.
    void step() {
        if (Thread.currentThread().isInterrupted()) {
            throw new KelpException(ErrorKind.CANCELLED, "the template was interrupted");
        }
        take(STEP_COST);
    }

    /// A function is about to work on this.
    void arguments(Iterable<? extends @Nullable Object> arguments) {
        long size = size(arguments);
        if (size > ARGUMENTS_MAX) {
            throw exhausted("a function of the template is given more than " + ARGUMENTS_MAX + " characters");
        }
        take(size);
    }

    /// A function has made this.
    @Nullable
    Object result(@Nullable Object value) {
        take(size(value));
        return value;
    }

    private void take(long cost) {
        left -= cost;
        if (left < 0) {
            throw exhausted("the template loops too long, or makes too much text on the way");
        }
    }

    private static KelpException exhausted(String why) {
        return new KelpException(ErrorKind.RESOURCE_EXHAUSTED, why);
    }

    private static long size(@Nullable Object value) {
        return switch (value) {
            case String s -> s.length();
            case Iterable<?> list -> {
                long sum = 0;
                for (Object o : list) {
                    sum += ELEMENT_COST + size(o);
                }
                yield sum;
            }
            case Map<?, ?> map -> size(map.keySet()) + size(map.values());
            case null, default -> 1;
        };
    }
}
