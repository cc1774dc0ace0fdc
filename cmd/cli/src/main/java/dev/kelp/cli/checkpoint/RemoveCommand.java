// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.checkpoint;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.KelpException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] CONTAINER CHECKPOINT",
        description = "Removes a checkpoint of a container. There are none: see `kelp checkpoint create --help`.",
        footer = "kelp checkpoint rm web before-update")
public final class RemoveCommand extends KelpCommand {
    @Option(names = "--checkpoint-dir", paramLabel = "DIRECTORY", description = "where it is kept")
    @Nullable
    String directory;

    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Parameters(index = "1", paramLabel = "CHECKPOINT")
    String checkpoint = "";

    @Override
    public int run(Invocation call) {
        throw missing(call, container, checkpoint);
    }

    /// The error for a checkpoint that somebody wants to use.
    public static KelpException missing(Invocation call, String container, String checkpoint) {
        call.containers().resolve(container);
        return KelpException.notFound("container " + container + " has no checkpoint `" + checkpoint + "`");
    }
}
