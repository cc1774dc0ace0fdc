// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;

/// The client does this by itself, with the holder, since it must work when no daemon does; here are only its help and
/// what is typed in a way that the client does not take for it.
@Command(
        name = "restart",
        customSynopsis = "[OPTIONS]",
        description = {"Starts the daemon anew. Containers, their networks and published ports stay."},
        exitCodeList = {"0:a new daemon runs", "125:it cannot be started"},
        footer = {"kelp system restart"})
public final class RestartCommand extends dev.kelp.cli.KelpCommand {
    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`system restart` must be all of the command: `kelp system restart`");
    }
}
