// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// A command that prints everything about things that are named.
public abstract class InspectingCommand extends KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    /// For each kind one.
    protected InspectingCommand() {}

    /// Prints what there is; what there is not is said afterwards.
    ///
    /// @param describe gives a thing's document
    protected final int inspect(Invocation call, List<String> names, Function<String, ?> describe) {
        List<Object> found = new ArrayList<>();
        try {
            Each.of(names, name -> found.add(describe.apply(name)));
        } finally {
            if (!found.isEmpty() || format == null || format.isEmpty()) {
                Documents.print(call.out(), format, found);
            }
        }
        return 0;
    }
}
