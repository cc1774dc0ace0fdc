// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pause",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Freezes all processes of running containers.",
        footer = "kelp pause web")
public final class PauseCommand extends KelpCommand {
    @Option(
            names = {"-a", "--all"},
            description = "all that run")
    boolean all;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = Chosen.of(call, latest.isSet() ? latest.or(call, names) : names, all, false);
        return Each.printing(call, chosen, call.containers()::pause);
    }
}
