// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.InspectingCommand;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] IMAGE…",
        description = "Prints everything about images as JSON with Docker's field names.",
        footer = "kelp image inspect -f '{{json .Config.Env}}' alpine")
public final class InspectCommand extends InspectingCommand {
    @Option(names = "--mode", paramLabel = "MODE", description = "dockercompat or native (default: dockercompat)")
    String mode = "dockercompat";

    @Option(names = "--platform", paramLabel = "OS/ARCH", description = "of an image for several platforms")
    @Nullable
    String platform;

    @Parameters(arity = "1..*", paramLabel = "IMAGE")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        if (!List.of("dockercompat", "native").contains(mode)) {
            throw KelpException.invalid("unknown --mode `" + mode + "`").withHint("use dockercompat or native");
        }
        Platform wanted = platform == null ? null : Platform.parse(platform);
        return inspect(call, names, name -> {
            ImageDetail d = call.images().inspect(name, wanted);
            return mode.equals("native") ? raw(d) : DockerImage.describe(d);
        });
    }

    private static Object raw(ImageDetail d) {
        Struct image = new Struct()
                .with(
                        "Name",
                        d.references().stream()
                                .findFirst()
                                .map(Object::toString)
                                .orElse(""))
                .with("Target", Documents.tree(d.image().target()))
                .with("CreatedAt", d.image().created().toString());
        Struct manifest = new Struct()
                .with("mediaType", d.manifest().mediaType())
                .with("digest", d.platform().id().toString());
        return new Struct()
                .with("Image", image.map())
                .with("ManifestDesc", manifest.map())
                .with("Manifest", Documents.tree(d.manifest()))
                .with("ImageConfigDesc", Documents.tree(d.manifest().config()))
                .with("ImageConfig", Documents.ordered(d.configBytes()))
                .with(
                        "References",
                        d.references().stream().map(Object::toString).toList())
                .map();
    }
}
