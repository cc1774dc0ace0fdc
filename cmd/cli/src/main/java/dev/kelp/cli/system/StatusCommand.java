// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;

/// The client does this by itself, with the holder, since it must work when no daemon does; here are only its help and
/// what is typed in a way that the client does not take for it.
@Command(
        name = "status",
        customSynopsis = "[OPTIONS]",
        description = {"Prints the state, the process ids and the folders of the engine, without starting it."},
        exitCodeList = {"0:the engine runs", "1:no engine runs"},
        footer = {"kelp system status"})
public final class StatusCommand extends dev.kelp.cli.KelpCommand {
    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`system status` must be all of the command: `kelp system status`");
    }
}
