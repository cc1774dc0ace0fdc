// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Listing;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "As root: lists the AppArmor profiles that are loaded.",
        footer = {"kelp apparmor ls     as root", "kelp apparmor ls --format json"})
public final class ListCommand extends KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the names")
    boolean quiet;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        List<Loaded> all = Loaded.all(call);
        if (quiet) {
            all.forEach(p -> call.out().append(p.name()).append('\n'));
            return 0;
        }
        new Listing<Loaded>()
                .column("NAME", "Name", Loaded::name)
                .column("MODE", "Mode", Loaded::mode)
                .print(call.out(), format, all);
        return 0;
    }
}
