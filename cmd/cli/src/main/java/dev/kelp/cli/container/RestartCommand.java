// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "restart",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Stops containers and starts them again.",
        footer = "kelp restart web")
public final class RestartCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-t", "--time", "--timeout"},
            paramLabel = "SECONDS",
            description = "wait this long before SIGKILL; -1: for ever")
    @Nullable
    Integer seconds;

    @Option(
            names = {"-s", "--signal"},
            paramLabel = "SIGNAL",
            description = "signal to send first")
    @Nullable
    String signal;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = latest.or(call, names);
        Containers containers = call.containers();
        return Each.printing(call, chosen, name -> {
            Starting.prepare(call, name);
            containers.restart(name, seconds, signal);
            PidFile.write(call.client(), containers, name);
        });
    }
}
