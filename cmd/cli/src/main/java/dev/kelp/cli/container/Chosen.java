// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.KelpException;
import java.util.List;

/// The containers a command is about: those named, or with a flag all of a kind.
final class Chosen {
    private Chosen() {}

    /// @param paused with `all`: the paused ones, else those that run
    static List<String> of(Invocation call, List<String> names, boolean all, boolean paused) {
        if (all && !names.isEmpty()) {
            throw KelpException.invalid("--all and names of containers exclude each other");
        }
        if (!all && names.isEmpty()) {
            throw KelpException.invalid("name at least one container").withHint("--all means all of them");
        }
        Status wanted = paused ? Status.PAUSED : Status.RUNNING;
        return all
                ? call.containers().list(false).stream()
                        .filter(c -> c.state().status() == wanted)
                        .map(ContainerSummary::id)
                        .toList()
                : names;
    }

    /// The container made last, for `--latest`.
    static String latest(Invocation call) {
        return call.containers().list(true).stream()
                .findFirst()
                .map(ContainerSummary::id)
                .orElseThrow(() -> KelpException.notFound("there is no container"));
    }
}
