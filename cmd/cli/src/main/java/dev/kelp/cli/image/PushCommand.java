// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.PushOptions;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "push",
        customSynopsis = "[OPTIONS] IMAGE",
        description = "Sends an image to the registry its name says. What is there already is not sent again.",
        footer = {"kelp tag app registry.example/team/app:1.2", "kelp push registry.example/team/app:1.2"})
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

    @Parameters(paramLabel = "IMAGE")
    String image = "";

    @Override
    public int run(Invocation call) {
        List<Reference> references = allTags ? here(call, AllTags.repository(image)) : List.of(Reference.parse(image));
        PushOptions options =
                new PushOptions(transfer.platforms(), transfer.allPlatforms(), nonDistributable, call.registry());
        for (Reference reference : references) {
            transfer.run(call, false, p -> call.images().push(reference, options, call.client(), p));
            if (transfer.quiet()) {
                call.out().append(reference.toString()).append('\n');
            }
        }
        return 0;
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
