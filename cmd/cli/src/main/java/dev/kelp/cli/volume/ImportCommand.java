// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "import",
        customSynopsis = "VOLUME [FILE|-]",
        description = "Unpacks a tar archive, which may be compressed, into a volume, over what is there.",
        footer = {"kelp volume import data data.tar.gz", "tar -C folder -c . | kelp volume import data -"})
public final class ImportCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(index = "0", paramLabel = "VOLUME")
    String name = "";

    @Parameters(index = "1", arity = "0..1", defaultValue = "-", paramLabel = "FILE")
    String file = "-";

    @Override
    public int run(Invocation call) {
        var _ = call.namespace().volumes().inspect(name);
        try (InputStream in = open(call.client())) {
            call.namespace().volumes().load(name, in);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the archive: " + e.getMessage(), e);
        }
        return 0;
    }

    private InputStream open(ClientContext client) {
        if (!file.equals("-")) {
            return Pipes.input(client.open(file, Inodes.O_RDONLY, 0));
        }
        return client.in()
                .orElseThrow(() -> KelpException.invalid(
                                client.inputIsTerminal() ? "standard input is a terminal" : "standard input is closed")
                        .withHint("name a file or use a pipe"));
    }
}
