// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "export",
        customSynopsis = "[OPTIONS] CONTAINER",
        description = "Writes a container's root file system as a tar archive, without what is mounted into it.",
        footer = {"kelp export -o web.tar web", "kelp export web | tar -t"})
public final class ExportCommand extends dev.kelp.cli.KelpCommand {
    private static final int BUFFER_BYTES = 256 << 10;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write here (default: standard output)")
    @Nullable
    String output;

    @Parameters(paramLabel = "CONTAINER")
    String container = "";

    @Override
    public int run(Invocation call) {
        ClientContext client = call.client();
        if (output == null) {
            if (client.outputIsTerminal()) {
                throw KelpException.invalid("the archive would go to a terminal")
                        .withHint("use -o FILE or a pipe");
            }
            call.namespace().changes().export(container, client.out());
            client.out().flush();
            return 0;
        }
        // a name that is wrong must not cost the file that is there
        call.containers().resolve(container);
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC;
        try (OutputStream out =
                new BufferedOutputStream(Pipes.output(client.open(output, flags, 0666)), BUFFER_BYTES)) {
            call.namespace().changes().export(container, out);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write `" + output + "`: " + e.getMessage(), e);
        }
        return 0;
    }
}
