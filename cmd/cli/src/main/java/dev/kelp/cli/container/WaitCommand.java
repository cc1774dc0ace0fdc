// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "wait",
        customSynopsis = "CONTAINER…",
        description = "Waits until containers have ended and prints their exit codes.",
        footer = "kelp wait web")
public final class WaitCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = latest.or(call, names);
        // all futures first: a container removed meanwhile still tells its exit code
        List<CompletableFuture<Integer>> exits = new ArrayList<>();
        chosen.forEach(n -> exits.add(call.containers().exit(n)));
        for (CompletableFuture<Integer> exit : exits) {
            call.out().append(Invocation.await(exit).toString()).append('\n');
            call.out().flush();
        }
        return 0;
    }
}
