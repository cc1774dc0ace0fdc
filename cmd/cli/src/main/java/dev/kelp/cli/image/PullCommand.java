// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
            "docker-archive:FILE and oci-archive:FILE are read from a file, as `load` does."
        },
        footer = {
            "kelp pull alpine",
            "kelp pull --platform linux/arm64 registry.example/app:1.2",
            "kelp pull oci-archive:app.tar"
        })
public final class PullCommand extends dev.kelp.cli.KelpCommand {
    /// Where Podman's and nerdctl's users have images besides registries.
    private static final Pattern TRANSPORT = Pattern.compile(
            "(docker-archive|oci-archive|oci|dir|docker-daemon|containers-storage):(?://(?=/|[^/]))?(.+)");

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
        Matcher transport = TRANSPORT.matcher(image);
        if (transport.matches()) {
            load(call, transport.group(1), transport.group(2));
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

    private void load(Invocation call, String transport, String path) {
        if (!transport.endsWith("-archive")) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "cannot pull from `" + transport + ":`")
                    .withHint(
                            transport.equals("oci")
                                    ? "tar -C " + path + " -c . | kelp load"
                                    : "there are docker-archive:FILE and oci-archive:FILE");
        }
        LoadCommand.load(call, Pipes.input(call.client().open(path, Inodes.O_RDONLY, 0)), transfer);
    }

    private List<Reference> references(Invocation call) {
        if (!allTags) {
            return List.of(Reference.parse(image));
        }
        Reference repository = AllTags.repository(image);
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
