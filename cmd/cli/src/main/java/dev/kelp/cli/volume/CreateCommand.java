// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.flags.EnvFile;
import dev.kelp.engine.Volumes;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.NewVolume;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] [VOLUME]",
        description = "Makes a volume and prints its name. One of that name that is there already stays as it is.",
        footer = {
            "kelp volume create --label project=web data",
            "kelp volume create --opt type=tmpfs --opt o=size=64m scratch",
            "kelp volume create --opt type=none --opt o=bind --opt device=/srv/www www"
        })
public final class CreateCommand extends dev.kelp.cli.KelpCommand {
    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "a label")
    List<String> labels = new ArrayList<>();

    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "local is the one there is")
    String driver = "local";

    @Option(
            names = {"-o", "--opt"},
            paramLabel = "KEY=VALUE",
            description = "type=, device= and o= as for mount(8): tmpfs, or a bind of a folder")
    List<String> options = new ArrayList<>();

    @Option(names = "--ignore", description = "accepted for compatibility: a volume that is there is no error")
    boolean ignore;

    @Parameters(arity = "0..1", paramLabel = "VOLUME")
    @Nullable
    String name;

    @Override
    public int run(Invocation call) {
        if (labels.stream().anyMatch(l -> l.isEmpty() || l.startsWith("="))) {
            throw KelpException.invalid("invalid argument: a label needs a name");
        }
        Volumes volumes = call.namespace().volumes();
        NewVolume how = new NewVolume(driver, EnvFile.pairs("--opt", options), EnvFile.pairs("--label", labels), false);
        if (name != null && volumes.find(name).isPresent()) {
            call.client().warn("volume \"" + name + "\" already exists and will be returned as-is");
        }
        call.out().append(volumes.create(name, how).name()).append('\n');
        return 0;
    }
}
