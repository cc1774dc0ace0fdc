// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images.PushOptions;
import dev.kelp.engine.Images.SaveOptions;
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
        name = "push",
        customSynopsis = "[OPTIONS] IMAGE [DESTINATION]",
        description = {
            "Sends an image to the registry its name says, or to DESTINATION. What is there already is not sent again.",
            "DESTINATION is another name, or a place among your files: oci:FOLDER[:TAG], dir:FOLDER,"
                    + " docker-archive:FILE[:NAME] or oci-archive:FILE[:TAG]."
        },
        footer = {
            "kelp tag app registry.example/team/app:1.2",
            "kelp push registry.example/team/app:1.2",
            "kelp push app oci:layout:1.2",
            "kelp push app docker-archive:app.tar"
        })
public final class PushCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Option(
            names = {"-a", "--all-tags"},
            description = "all tags of the repository that are here")
    boolean allTags;

    @Option(
            names = "--allow-nondistributable-artifacts",
            description = "send also layers that are marked as not to be passed on")
    boolean nonDistributable;

    @Parameters(index = "0", paramLabel = "IMAGE")
    String image = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "DESTINATION")
    @Nullable
    String destination;

    @Override
    public int run(Invocation call) {
        if (destination != null) {
            pushTo(call, destination);
            return 0;
        }
        List<Reference> references = allTags
                ? here(call, AllTags.repository(Locations.withoutTransport(image)))
                : List.of(Locations.registryReference(image));
        PushOptions options = options(call, null);
        for (Reference reference : references) {
            transfer.run(call, false, p -> call.images().push(reference, options, call.client(), p));
            if (transfer.quiet()) {
                call.out().append(reference.toString()).append('\n');
            }
        }
        return 0;
    }

    private PushOptions options(Invocation call, @Nullable String source) {
        return new PushOptions(
                transfer.platforms(), transfer.allPlatforms(), nonDistributable, call.registry(), source);
    }

    private void pushTo(Invocation call, String word) {
        if (allTags) {
            throw KelpException.invalid("--all-tags and a destination exclude each other");
        }
        Optional<ImageLocation> location = Locations.destination(word);
        if (location.isPresent()) {
            SaveOptions options = new SaveOptions(location.get(), transfer.platforms());
            transfer.run(call, false, p -> call.images().save(image, options, call.client(), p));
            return;
        }
        Reference to = Locations.registryReference(word);
        transfer.run(call, false, p -> call.images().push(to, options(call, image), call.client(), p));
        if (transfer.quiet()) {
            call.out().append(to.toString()).append('\n');
        }
    }

    private static List<Reference> here(Invocation call, Reference repository) {
        List<Reference> tags = call.images().list().stream()
                .map(i -> i.reference())
                .flatMap(Optional::stream)
                .filter(r -> r.tag().isPresent() && r.digest().isEmpty())
                .filter(r -> r.repository().equals(repository.repository()))
                .sorted()
                .toList();
        if (tags.isEmpty()) {
            throw KelpException.notFound(
                    "an image does not exist locally with the tag: " + repository.familiarRepository());
        }
        return tags;
    }
}
