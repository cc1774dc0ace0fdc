// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        customSynopsis = "[OPTIONS] IMAGE",
        description = {
            "Fetches an image from its registry and unpacks it. What is here already is not fetched again, and"
                    + " an interrupted layer goes on where it stopped.",
            "docker-archive:FILE, oci-archive:FILE, oci:FOLDER[:TAG] and dir:FOLDER are read from your files, as `load`"
                    + " does."
        },
        footer = {
            "kelp pull alpine",
            "kelp pull --platform linux/arm64 registry.example/app:1.2",
            "kelp pull oci-archive:app.tar"
        })
public final class PullCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Mixin
    VerifyFlags verify = new VerifyFlags();

    @Option(names = "--unpack", paramLabel = "WHEN", description = "true, false or auto (default: auto)")
    String unpack = "auto";

    @Option(
            names = {"-a", "--all-tags"},
            description = "all tags the registry has of the repository")
    boolean allTags;

    @Parameters(paramLabel = "IMAGE")
    String image = "";

    @Override
    public int run(Invocation call) {
        Optional<ImageLocation> location = Locations.source(call.client(), image);
        if (location.isPresent()) {
            LoadCommand.load(call, location.get(), transfer);
            return 0;
        }
        PullOptions options = new PullOptions(
                transfer.platforms(), transfer.allPlatforms(), unpacks(), snapshotter(call), call.registry());
        boolean signed = verify.isAsked();
        for (Reference reference : references(call)) {
            transfer.run(call, false, p -> {
                if (signed) {
                    verify.pull(call, reference, options, true, p);
                } else {
                    call.images().pull(reference, options, call.client(), p);
                }
            });
            if (transfer.quiet()) {
                call.out().append(reference.toString()).append('\n');
            }
        }
        return 0;
    }

    private List<Reference> references(Invocation call) {
        if (!allTags) {
            return List.of(Locations.registryReference(image));
        }
        Reference repository = AllTags.repository(Locations.withoutTransport(image));
        List<String> tags = call.images().remoteTags(repository, call.registry(), call.client());
        if (tags.isEmpty()) {
            throw KelpException.notFound("`" + repository.familiarRepository() + "` has no tags");
        }
        return tags.stream().map(repository::withTag).toList();
    }

    private static @Nullable String snapshotter(Invocation call) {
        return call.snapshotter();
    }

    private boolean unpacks() {
        return switch (unpack) {
            case "auto", "true" -> true;
            case "false" -> false;
            default ->
                throw KelpException.invalid("invalid --unpack `" + unpack + "`").withHint("use true, false or auto");
        };
    }
}
