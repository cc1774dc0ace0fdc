// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "init",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Makes everything that containers need to run, files mounted and networks connected, but does not"
                + " start their program; `start` does.",
        footer = {"kelp init web", "kelp start web"})
public final class InitCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-a", "--all"},
            description = "all that were made and never ran")
    boolean all;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        return Each.printing(call, chosen(call), name -> {
            Starting.prepare(call, name);
            call.containers().prepare(name);
        });
    }

    private List<String> chosen(Invocation call) {
        if (!all) {
            return latest.or(call, names);
        }
        if (latest.isSet() || !names.isEmpty()) {
            throw KelpException.invalid("--all excludes --latest and names of containers");
        }
        return call.containers().list(true).stream()
                .filter(c -> c.state().status() == Status.CREATED)
                .map(ContainerSummary::id)
                .toList();
    }
}
