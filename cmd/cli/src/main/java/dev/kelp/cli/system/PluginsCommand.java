// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Listing;
import dev.kelp.engine.Engine.Machine;
import dev.kelp.model.Platform;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "plugins",
        customSynopsis = "[OPTIONS]",
        description = "Lists what the engine can choose from: snapshotters, OCI runtimes, log and network drivers; with"
                + " the words of containerd's client.",
        footer = "kelp system plugins")
public final class PluginsCommand extends KelpCommand {
    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    /// @param type as containerd has it
    private record Plugin(String type, String id) {}

    @Override
    public int run(Invocation call) {
        Machine machine = call.engine().info().machine();
        List<Plugin> all = new ArrayList<>();
        add(all, "io.containerd.snapshotter.v1", machine.storageDrivers());
        add(all, "io.containerd.runtime.v2", machine.runtimes());
        add(all, "dev.kelp.log.v1", machine.logDrivers());
        add(all, "dev.kelp.network.v1", List.of("bridge", "host", "none"));
        new Listing<Plugin>()
                .column("TYPE", "Type", Plugin::type)
                .column("ID", "ID", Plugin::id)
                .column("PLATFORMS", "Platforms", p -> Platform.host().toString())
                .column("STATUS", "Status", p -> "ok")
                .print(call.out(), format, all);
        return 0;
    }

    private static void add(List<Plugin> to, String type, List<String> ids) {
        ids.forEach(id -> to.add(new Plugin(type, id)));
    }
}
