// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Changes.CommitOptions;
import dev.kelp.engine.Changes.Compression;
import dev.kelp.engine.Changes.Format;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "commit",
        customSynopsis = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
        description =
                "Makes an image of a container: of its changed files and of what it was run with. Prints the image's"
                        + " id.",
        footer = {
            "kelp commit -m 'add curl' box registry.example/team/box:2",
            "kelp commit -c 'CMD [\"nginx\"]' -c 'EXPOSE 80' box web"
        })
public final class CommitCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-a", "--author"},
            paramLabel = "AUTHOR",
            description = "who made it, as in \"Ada <ada@example.org>\"")
    String author = "";

    @Option(
            names = {"-m", "--message"},
            paramLabel = "TEXT",
            description = "what was done")
    String message = "";

    @Option(
            names = {"-c", "--change"},
            paramLabel = "INSTRUCTION",
            description = "Dockerfile instruction that changes how the image is run: CMD, ENTRYPOINT, ENV, EXPOSE,"
                    + " HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated")
    List<String> changes = new ArrayList<>();

    @Option(
            names = {"-p", "--pause"},
            arity = "0..1",
            paramLabel = "BOOL",
            fallbackValue = "true",
            description = "freeze the container meanwhile (default: true)")
    boolean pause = true;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "oci or docker (default: as the image it was made from)")
    @Nullable
    String format;

    @Option(names = "--compression", paramLabel = "HOW", description = "gzip, zstd or uncompressed (default: gzip)")
    String compression = "gzip";

    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "REPOSITORY[:TAG]")
    @Nullable
    String name;

    @Override
    public int run(Invocation call) {
        CommitOptions options =
                new CommitOptions(reference(name), author, message, changes, pause, format(), compression());
        call.out()
                .append(call.namespace()
                        .changes()
                        .commit(container, options, call.client())
                        .config()
                        .toString())
                .append('\n');
        return 0;
    }

    private static Optional<Reference> reference(@Nullable String name) {
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        Reference r = Reference.parse(name);
        if (r.digest().isPresent()) {
            throw KelpException.invalid("`" + name + "` has a digest, so it cannot be given as a name");
        }
        return Optional.of(r);
    }

    private Optional<Format> format() {
        return switch (format) {
            case null -> Optional.empty();
            case "oci" -> Optional.of(Format.OCI);
            case "docker" -> Optional.of(Format.DOCKER);
            default ->
                throw KelpException.invalid("unknown --format `" + format + "`").withHint("use oci or docker");
        };
    }

    private Compression compression() {
        return switch (compression) {
            case "gzip" -> Compression.GZIP;
            case "zstd" -> Compression.ZSTD;
            case "uncompressed", "none" -> Compression.UNCOMPRESSED;
            default ->
                throw KelpException.invalid("unknown --compression `" + compression + "`")
                        .withHint("use gzip, zstd or uncompressed");
        };
    }
}
