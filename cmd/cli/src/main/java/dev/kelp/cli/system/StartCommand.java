// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The client does this by itself, with the holder, since it must work when no daemon does; here are only its help and
/// what is typed in a way that the client does not take for it.
@Command(
        name = "start",
        customSynopsis = "[OPTIONS]",
        description = {
            "Starts the engine, unless it runs. Every command that needs it does so, too.",
            "With --foreground it waits for the engine's end, as a service manager expects."
        },
        exitCodeList = {"0:the engine runs", "125:it cannot be started"},
        footer = {"kelp system start", "kelp system start --foreground     see also kelp setup install"})
public final class StartCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = "--foreground",
            description = "Wait until the engine has ended. HUP starts the daemon anew; TERM ends the engine, unless"
                    + " containers run.")
    boolean foreground;

    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`system start` must be all of the command: `kelp system start`");
    }
}
