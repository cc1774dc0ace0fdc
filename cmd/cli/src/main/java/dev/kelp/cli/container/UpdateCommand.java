// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.flags.LimitFlags;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.ContainerUpdate;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "update",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Changes the limits and the restart policy of containers, at once when they run.",
        footer = {"kelp update -m 512m --cpus 1.5 web", "kelp update --pids-limit 100 web db"})
public final class UpdateCommand extends KelpCommand {
    @Mixin
    LimitFlags limits = new LimitFlags();

    @Option(names = "--restart", paramLabel = "POLICY", description = "no, always, on-failure[:N], unless-stopped")
    @Nullable
    String restart;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        Resources changes = limits.apply(Resources.NONE);
        boolean limited = !changes.equals(Resources.NONE);
        if (!limited && restart == null) {
            throw KelpException.invalid("nothing to change").withHint("name at least one flag, for example -m 512m");
        }
        Containers containers = call.containers();
        ContainerUpdate update = new ContainerUpdate(restart, limited ? changes : null);
        return Each.printing(call, latest.or(call, names), name -> containers.update(name, update));
    }
}
