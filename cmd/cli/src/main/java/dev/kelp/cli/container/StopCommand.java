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

    @Option(
            names = {"-i", "--ignore"},
            description = "one that is not there is no error")
    boolean ignore;

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
        List<String> chosen = all ? Chosen.of(call, names, true, false) : latest.or(call, names);
        Each.of(chosen, Each.ignoringMissing(ignore, name -> {
            call.containers().stop(name, seconds, signal);
            call.out().append(name).append('\n');
        }));
        return 0;
    }
}
