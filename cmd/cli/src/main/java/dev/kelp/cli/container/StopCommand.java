// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "stop",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Sends the stop signal, waits, and then kills.",
        footer = "kelp stop -t 2 web")
public final class StopCommand extends dev.kelp.cli.KelpCommand {
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
        return Each.printing(call, chosen, n -> call.containers().stop(n, seconds, signal));
    }
}
