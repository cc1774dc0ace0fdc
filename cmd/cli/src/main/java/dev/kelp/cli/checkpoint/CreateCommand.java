// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.checkpoint;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] CONTAINER CHECKPOINT",
        description = "Would keep the state of a running container. It cannot be done without rights over the whole"
                + " machine, which Kelp never has.",
        footer = "kelp checkpoint create web before-update")
public final class CreateCommand extends KelpCommand {
    @Option(names = "--leave-running", description = "let the container go on")
    boolean leaveRunning;

    @Option(names = "--checkpoint-dir", paramLabel = "DIRECTORY", description = "where to keep it")
    @Nullable
    String directory;

    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Parameters(index = "1", paramLabel = "CHECKPOINT")
    String checkpoint = "";

    @Override
    public int run(Invocation call) {
        call.containers().resolve(container);
        throw new KelpException(
                        ErrorKind.UNSUPPORTED,
                        "cannot make the checkpoint `" + checkpoint + "` of container " + container
                                + ": CRIU needs CAP_CHECKPOINT_RESTORE over the whole machine, which an engine"
                                + " without root's rights has not")
                .withHint("`kelp pause` freezes a container, `kelp commit` keeps its files");
    }
}
