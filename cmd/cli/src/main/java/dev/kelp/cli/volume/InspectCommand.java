// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Volume;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] VOLUME…",
        description = "Prints everything about volumes.",
        footer = {"kelp volume inspect data", "kelp volume inspect --format '{{.Mountpoint}}' data"})
public final class InspectCommand extends InspectingCommand {
    @Option(
            names = {"-s", "--size"},
            description = "also what the files occupy")
    boolean size;

    @Parameters(arity = "1..*", paramLabel = "VOLUME")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        Volumes volumes = call.namespace().volumes();
        return inspect(call, names, name -> {
            Struct document = struct(volumes.inspect(name));
            return (size ? document.with("Size", volumes.sizeBytes(name)) : document).map();
        });
    }

    /// A volume as `docker volume inspect` shows it.
    public static Map<String, @Nullable Object> describe(Volume v) {
        return struct(v).map();
    }

    private static Struct struct(Volume v) {
        return new Struct()
                .with("CreatedAt", v.created().truncatedTo(ChronoUnit.SECONDS).toString())
                .with("Driver", v.driver())
                .with("Labels", v.labels().isEmpty() ? null : new TreeMap<>(v.labels()))
                .with("Mountpoint", v.mountpoint())
                .with("Name", v.name())
                .with("Options", v.options().isEmpty() ? null : new TreeMap<>(v.options()))
                .with("Scope", "local");
    }
}
