// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.checkpoint;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS] CONTAINER",
        description = "Lists the checkpoints of a container. There are none: see `kelp checkpoint create --help`.",
        footer = "kelp checkpoint ls web")
public final class ListCommand extends KelpCommand {
    @Option(names = "--checkpoint-dir", paramLabel = "DIRECTORY", description = "where they are kept")
    @Nullable
    String directory;

    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Override
    public int run(Invocation call) {
        call.containers().resolve(container);
        call.out().append("CHECKPOINT NAME\n");
        return 0;
    }
}
