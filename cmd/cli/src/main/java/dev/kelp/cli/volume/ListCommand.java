// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists volumes, by name.",
        footer = {"kelp volume ls --size", "kelp volume ls -q --filter dangling=true --filter label=project"})
public final class ListCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the names")
    boolean quiet;

    @Option(
            names = {"-s", "--size"},
            description = "add a column for what the files occupy, which reads all volumes")
    boolean size;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "label, name (a regular expression), size (size>=BYTES …), dangling, driver")
    List<String> filters = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        Volumes volumes = call.namespace().volumes();
        List<Volume> rows = volumes.list().stream()
                .filter(VolumeFilters.parse(filters, volumes))
                .toList();
        if (quiet) {
            if (format != null && !format.isEmpty()) {
                throw KelpException.invalid("--quiet and --format exclude each other");
            }
            rows.forEach(v -> call.out().append(v.name()).append('\n'));
            return 0;
        }
        List<String> shown = new ArrayList<>(List.of("Name", "Mountpoint"));
        if (size) {
            shown.add("Size");
        }
        new Listing<Volume>()
                .column("VOLUME NAME", "Name", Volume::name)
                .column("DIRECTORY", "Mountpoint", Volume::mountpoint)
                .column("SIZE", "Size", v -> size ? Units.binarySize(volumes.sizeBytes(v.name())) : "N/A")
                .field("Driver", Volume::driver)
                .field("Scope", v -> "local")
                .labels(Volume::labels)
                .field("Links", v -> v.containers().size())
                .field(
                        "CreatedAt",
                        v -> v.created().atZone(call.zone()).toOffsetDateTime().toString())
                .show(shown.toArray(String[]::new))
                .print(call.out(), format, rows);
        return 0;
    }
}
