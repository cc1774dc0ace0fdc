// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.time.Instant;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What happened in one namespace, in Docker's words. The last [#HISTORY_MAX] of the engine are kept, across its
/// restarts; a killed daemon may lose those of its last moment.
public interface Events {
    int HISTORY_MAX = 10_000;

    /// Gives past events from `since` on and then those that happen, in order, each once. Returns when `until` has
    /// passed, when the sink says so, or (CANCELLED) when the thread is interrupted. RESOURCE_EXHAUSTED when the
    /// sink
    /// is so slow that more than [#HISTORY_MAX] wait for it.
    void stream(EventQuery query, EventSink sink);

    /// @param since null: only what happens from now on
    /// @param until null: without end; a time that has passed: what is kept, then the end
    record EventQuery(@Nullable Instant since, @Nullable Instant until, Predicate<Event> filter) {}

    /// Takes events; returning false ends the stream.
    interface EventSink {
        boolean event(Event event);

        /// Called when nothing is waiting to be given.
        default void idle() {}
    }

    /// @param type `container`, `image`, `volume`, `network`
    /// @param action `start`, `die`, `exec_create: sh`, `health_status: healthy`, `pull` …
    /// @param actor id of the container, reference of the image, name of the volume or network
    /// @param attributes of a container its labels, `image`, `name` and what belongs to the action (`exitCode`,
    ///     `signal`); sorted by name
    record Event(String type, String action, String actor, Map<String, String> attributes, Instant time) {}
}
