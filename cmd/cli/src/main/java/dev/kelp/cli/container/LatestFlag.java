// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `--latest`, Podman's way not to name a container.
@Command(optionListHeading = "Options")
final class LatestFlag {
    @Option(
            names = {"-l", "--latest"},
            description = "the container made last, instead of a name")
    boolean latest;

    boolean isSet() {
        return latest;
    }

    /// The containers that were named, or the latest.
    List<String> or(Invocation call, List<String> names) {
        if (latest && !names.isEmpty()) {
            throw KelpException.invalid("--latest and names of containers exclude each other");
        }
        if (!latest && names.isEmpty()) {
            throw KelpException.invalid("no container is named").withHint("--latest means the one made last");
        }
        return latest ? List.of(Chosen.latest(call)) : names;
    }

    /// The same of a single one.
    String or(Invocation call, @Nullable String name) {
        return or(call, name == null ? List.of() : List.of(name)).getFirst();
    }
}
