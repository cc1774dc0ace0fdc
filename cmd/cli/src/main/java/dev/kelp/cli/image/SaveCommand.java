// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "save",
        customSynopsis = "[OPTIONS] IMAGE…",
        description = "Writes images into a tar archive that is an OCI layout and a Docker archive at once.",
        footer = {"kelp save -o alpine.tar alpine", "kelp save alpine | ssh host kelp load"})
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

    @Parameters(arity = "1..*", paramLabel = "IMAGE")
    List<String> images = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        ClientContext client = call.client();
        if (output == null) {
            if (client.outputIsTerminal()) {
                throw KelpException.invalid("the archive would go to a terminal")
                        .withHint("use -o FILE or a pipe");
            }
            save(call, client.out(), Progress.NONE);
            client.out().flush();
            return 0;
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

    private void save(Invocation call, OutputStream out, Progress progress) {
        call.images().save(images, transfer.platforms(), out, progress);
    }
}
