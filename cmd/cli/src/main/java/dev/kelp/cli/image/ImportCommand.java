// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.ImportOptions;
import dev.kelp.engine.Progress;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "import",
        customSynopsis = "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]",
        description =
                "Makes an image of a file system's tar archive, also compressed with gzip or zstd. Prints the image's"
                        + " id.",
        footer = {
            "kelp import rootfs.tar.gz team/base:1",
            "kelp export box | kelp import -c 'CMD [\"sh\"]' - box",
            "kelp import https://example.org/rootfs.tar.zst base"
        })
public final class ImportCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-m", "--message"},
            paramLabel = "TEXT",
            description = "comment of the image")
    @Nullable
    String message;

    @Option(
            names = {"-c", "--change"},
            paramLabel = "INSTRUCTION",
            description = "Dockerfile instruction that changes how the image is run (see `commit`); may be repeated")
    List<String> changes = new ArrayList<>();

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH",
            description = "what the files are for (default: this machine)")
    @Nullable
    String platform;

    @Parameters(index = "0", paramLabel = "FILE|URL|-")
    String source = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "REPOSITORY[:TAG]")
    @Nullable
    String name;

    @Override
    public int run(Invocation call) {
        if (source.isEmpty()) {
            throw KelpException.invalid("the archive's name is empty");
        }
        Optional<Reference> reference =
                Optional.ofNullable(name).filter(n -> !n.isEmpty()).map(Reference::parse);
        if (reference.flatMap(Reference::digest).isPresent()) {
            throw KelpException.invalid("`" + name + "` has a digest, so it cannot be given as a name");
        }
        ImportOptions options = new ImportOptions(
                reference,
                message != null ? message : "imported from " + source,
                changes,
                platform == null ? null : Platform.parse(platform),
                call.snapshotter());
        try (InputStream in = open(call)) {
            Image image = call.images().importTree(in, options, Progress.NONE);
            call.out()
                    .append(image.platforms().getFirst().configDigest().toString())
                    .append('\n');
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read `" + source + "`: " + e.getMessage(), e);
        }
        return 0;
    }

    private InputStream open(Invocation call) {
        ClientContext client = call.client();
        if (source.equals("-")) {
            return client.in()
                    .orElseThrow(() -> KelpException.invalid(
                                    client.inputIsTerminal()
                                            ? "standard input is a terminal"
                                            : "standard input is closed")
                            .withHint("name a file or use a pipe"));
        }
        if (source.startsWith("http://") || source.startsWith("https://")) {
            return call.images().download(source, client);
        }
        return Pipes.input(client.open(source, Inodes.O_RDONLY, 0));
    }
}
