// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// A program of its own (`cmd/setup`), which the client becomes, since it must work where no engine can be started;
/// here
/// are only its place among the commands and what is typed in a way that the client does not take for it.
@Command(
        name = "setup",
        customSynopsis = "(check | install | uninstall | nsenter | install-ADDON | uninstall-ADDON) [FLAG…]",
        description = {
            "Says what this machine lacks for containers of an ordinary user, and what to type; makes the engine a"
                    + " service.",
            "`kelp setup --help` has its flags. It answers to containerd-rootless-setuptool.sh, too."
        },
        footer = {
            "kelp setup check",
            "kelp setup check --fix | sudo sh     do what root has to do",
            "kelp setup install                   a service, with systemd or --init openrc|runit|s6",
            "kelp setup nsenter -- id             in the namespaces of the engine"
        })
public final class SetupCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(arity = "0..*", paramLabel = "COMMAND")
    List<String> words = new ArrayList<>();

    @Override
    public boolean endsFlags() {
        return true;
    }

    @Override
    public int run(Invocation call) {
        throw KelpException.invalid("`setup` must be the first word: `kelp setup " + String.join(" ", words) + "`");
    }
}
