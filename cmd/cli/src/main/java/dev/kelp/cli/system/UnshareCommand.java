// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// The client does this by itself, so that the command has the user's terminal; here are only its help and what is
/// typed in a way that the client does not take for it.
@Command(
        name = "unshare",
        customSynopsis = "[COMMAND [ARGUMENT…]]",
        description = {
            "Runs a command, or your shell, in the engine's user and mount namespace: you are root there, and files of"
                    + " containers that belong to your subordinate ids can be read, changed and removed.",
            "Everything else is this machine's: the network, the processes, the working directory."
        },
        exitCodeList = {
            "0-255:the exit code of the command",
            "126:the command cannot be executed",
            "127:the command does not exist"
        },
        footer = {
            "kelp unshare",
            "kelp unshare cat /proc/self/uid_map",
            "kelp unshare chown -R 0:0 data",
            "kelp unshare rm -rf ~/.local/share/kelp     after kelp system stop"
        })
public final class UnshareCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(arity = "0..*", paramLabel = "COMMAND")
    List<String> words = new ArrayList<>();

    @Override
    public boolean endsFlags() {
        return true;
    }

    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`unshare` must be the first word: `kelp unshare " + String.join(" ", words) + "`");
    }
}
