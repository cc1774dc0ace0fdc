// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Table;
import dev.kelp.engine.Containers.ProcessTable;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "top",
        customSynopsis = "[OPTIONS] CONTAINER [PS OPTIONS]",
        description = {
            "Shows the processes of a running container, as ps -ef does. The pids are this machine's.",
            "With options the ps of this machine is run; the image needs none."
        },
        footer = {"kelp top web", "kelp top web -o pid,user,args"})
public final class TopCommand extends KelpCommand {
    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> words = new ArrayList<>();

    @Override
    public boolean endsFlags() {
        return true;
    }

    @Override
    public int run(Invocation call) {
        boolean named = !latest.isSet() && !words.isEmpty();
        String container = latest.or(call, named ? words.getFirst() : null);
        ProcessTable processes = call.containers().top(container, named ? words.subList(1, words.size()) : words);
        Table table = Table.of(processes.titles().toArray(String[]::new));
        processes.rows().forEach(table::row);
        call.out().append(table.render());
        return 0;
    }
}
