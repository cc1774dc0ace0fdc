// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.RemovalSink;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Removes containers that do not run.",
        footer = {"kelp rm web", "kelp rm -f web db", "kelp rm -f --all"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "kill running ones first")
    boolean force;

    @Option(
            names = {"-v", "--volumes"},
            description = "remove their anonymous volumes too")
    boolean volumes;

    @Option(
            names = {"-a", "--all"},
            description = "all of them")
    boolean all;

    @Option(
            names = {"-i", "--ignore"},
            description = "one that is not there is no error")
    boolean ignore;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        Each.Failures failures = new Each.Failures();
        call.containers().removeAll(chosen(call), force, volumes, new RemovalSink() {
            @Override
            public void removed(String container) {
                call.out().append(container).append('\n');
            }

            @Override
            public void failed(String container, KelpException why) {
                // with -f one that is not there is as it should be
                if (!(force || ignore) || why.kind() != ErrorKind.NOT_FOUND) {
                    failures.add(why);
                }
            }
        });
        failures.check();
        return 0;
    }

    private List<String> chosen(Invocation call) {
        if (!all) {
            return latest.or(call, names);
        }
        if (latest.isSet() || !names.isEmpty()) {
            throw KelpException.invalid("--all excludes --latest and names of containers");
        }
        return call.containers().list(true).stream().map(ContainerSummary::id).toList();
    }
}
