// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.ImageLocation.Transport;
import dev.kelp.engine.Images.SaveOptions;
import dev.kelp.engine.Progress;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "save",
        customSynopsis = "[OPTIONS] IMAGE…",
        description = "Writes images into a tar archive that is an OCI layout and a Docker archive at once, or into a"
                + " folder.",
        footer = {
            "kelp save -o alpine.tar alpine",
            "kelp save alpine | ssh host kelp load",
            "kelp save --format oci-dir -o layout alpine"
        })
public final class SaveCommand extends dev.kelp.cli.KelpCommand {
    private static final int BUFFER_BYTES = 256 << 10;

    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write here (default: standard output)")
    @Nullable
    String output;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "docker-archive or oci-archive, which are one file here (default), oci-dir or docker-dir")
    String format = "docker-archive";

    @Option(
            names = {"-m", "--multi-image-archive"},
            description = "several images in one archive; they may be in any case")
    boolean several;

    @Parameters(arity = "1..*", paramLabel = "IMAGE")
    List<String> images = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        ClientContext client = call.client();
        Optional<Transport> folder = folder();
        if (folder.isPresent()) {
            saveInto(call, folder.get());
            return 0;
        }
        if (output == null) {
            if (client.outputIsTerminal()) {
                throw KelpException.invalid("the archive would go to a terminal")
                        .withHint("use -o FILE or a pipe");
            }
            save(call, client.out(), Progress.NONE);
            client.out().flush();
            return 0;
        }
        // a name that is wrong must not cost the file that is there
        for (String image : images) {
            if (call.images().find(image).isEmpty()) {
                throw KelpException.notFound("no such image: " + image);
            }
        }
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC;
        try (OutputStream out =
                new BufferedOutputStream(Pipes.output(client.open(output, flags, 0666)), BUFFER_BYTES)) {
            transfer.run(call, true, p -> save(call, out, p));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write `" + output + "`: " + e.getMessage(), e);
        }
        return 0;
    }

    private Optional<Transport> folder() {
        return switch (format) {
            case "docker-archive", "oci-archive" -> Optional.empty();
            case "oci-dir" -> Optional.of(Transport.OCI);
            case "docker-dir" -> Optional.of(Transport.DIR);
            default ->
                throw KelpException.invalid("invalid --format `" + format + "`")
                        .withHint("use docker-archive, oci-archive, oci-dir or docker-dir");
        };
    }

    private void saveInto(Invocation call, Transport transport) {
        if (output == null) {
            throw KelpException.invalid("--format " + format + " needs a folder")
                    .withHint("name it with -o FOLDER");
        }
        if (transport == Transport.DIR && images.size() > 1) {
            throw KelpException.invalid("a docker-dir holds one image").withHint("use --format oci-dir for several");
        }
        for (String image : images) {
            SaveOptions options = new SaveOptions(new ImageLocation(transport, output, null), transfer.platforms());
            transfer.run(call, true, p -> call.images().save(image, options, call.client(), p));
        }
    }

    private void save(Invocation call, OutputStream out, Progress progress) {
        call.images().save(images, transfer.platforms(), out, progress);
    }
}
