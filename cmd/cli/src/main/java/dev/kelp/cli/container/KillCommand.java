// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "kill",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Sends a signal to the first process of running containers.",
        footer = "kelp kill -s HUP web")
public final class KillCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-s", "--signal"},
            paramLabel = "SIGNAL",
            description = "name or number (default: KILL)")
    String signal = "KILL";

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = latest.or(call, names);
        return Each.printing(call, chosen, n -> call.containers().kill(n, signal));
    }
}
