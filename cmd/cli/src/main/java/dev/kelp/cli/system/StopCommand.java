// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;

/// The client does this by itself, with the holder, since it must work when no daemon does; here are only its help and
/// what is typed in a way that the client does not take for it.
@Command(
        name = "stop",
        customSynopsis = "[OPTIONS]",
        description = {
            "Stops the engine: the daemon and the holder of its namespaces.",
            "Containers that run go on, and the next command finds them again."
        },
        exitCodeList = {"0:no engine runs any more", "125:it cannot be stopped"},
        footer = {"kelp system stop"})
public final class StopCommand extends dev.kelp.cli.KelpCommand {
    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`system stop` must be all of the command: `kelp system stop`");
    }
}
