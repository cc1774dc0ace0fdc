// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.Removal;
import dev.kelp.engine.Images.RemovalSink;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rmi",
        customSynopsis = "[OPTIONS] IMAGE…",
        description = "Removes names of images, and with the last name what nothing else uses.",
        footer = {"kelp rmi alpine", "kelp rmi -f $(kelp images -q)"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "also when containers use it; a missing image is no error")
    boolean force;

    @Option(names = "--async", description = "accepted for compatibility")
    boolean async;

    @Parameters(arity = "1..*", paramLabel = "IMAGE")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        Each.Failures failures = new Each.Failures();
        call.images().removeAll(names, force, new RemovalSink() {
            @Override
            public void removed(String name, Removal removal) {
                removal.untagged()
                        .forEach(u -> call.out().append("Untagged: ").append(u).append('\n'));
                removal.deleted()
                        .forEach(d -> call.out()
                                .append("Deleted: ")
                                .append(d.toString())
                                .append('\n'));
            }

            @Override
            public void failed(String name, KelpException why) {
                if (!force || why.kind() != ErrorKind.NOT_FOUND) {
                    failures.add(why);
                }
            }
        });
        failures.check();
        return 0;
    }
}
