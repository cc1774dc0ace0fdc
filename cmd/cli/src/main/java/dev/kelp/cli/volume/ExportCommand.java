// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Volumes;
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
        customSynopsis = "[OPTIONS] VOLUME",
        description = "Writes what is in a volume as a tar archive.",
        footer = {"kelp volume export -o data.tar data", "kelp volume export data | ssh host kelp volume import data -"
        })
public final class ExportCommand extends dev.kelp.cli.KelpCommand {
    private static final int BUFFER_BYTES = 256 << 10;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write here (default: standard output)")
    @Nullable
    String output;

    @Parameters(paramLabel = "VOLUME")
    String name = "";

    @Override
    public int run(Invocation call) {
        ClientContext client = call.client();
        Volumes volumes = call.namespace().volumes();
        if (output == null) {
            if (client.outputIsTerminal()) {
                throw KelpException.invalid("the archive would go to a terminal")
                        .withHint("use -o FILE or a pipe");
            }
            volumes.export(name, client.out());
            client.out().flush();
            return 0;
        }
        // a name that is wrong must not cost the file that is there
        var _ = volumes.inspect(name);
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC;
        try (OutputStream out =
                new BufferedOutputStream(Pipes.output(client.open(output, flags, 0666)), BUFFER_BYTES)) {
            volumes.export(name, out);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write `" + output + "`: " + e.getMessage(), e);
        }
        return 0;
    }
}
