// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "load",
        customSynopsis = "[OPTIONS]",
        description = "Reads images from a tar archive: an OCI layout or a Docker archive, also compressed.",
        footer = {"kelp load -i alpine.tar", "kelp load < alpine.tar.gz"})
public final class LoadCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Option(
            names = {"-i", "--input"},
            paramLabel = "FILE",
            description = "read from here (default: standard input)")
    @Nullable
    String input;

    @Override
    public int run(Invocation call) {
        load(call, open(call.client()), transfer);
        return 0;
    }

    /// Loads an archive, closes it, and prints what was in it.
    static void load(Invocation call, InputStream archive, TransferFlags transfer) {
        LoadOptions options = new LoadOptions(transfer.platforms(), transfer.allPlatforms(), true, call.snapshotter());
        List<Image> loaded = new ArrayList<>();
        try (InputStream in = archive) {
            transfer.run(call, true, p -> loaded.addAll(call.images().load(in, options, p)));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the archive: " + e.getMessage(), e);
        }
        for (Image image : loaded) {
            String name = image.reference()
                    .map(r -> "Loaded image: " + r.familiar())
                    .orElse("Loaded image ID: " + image.target().digest());
            call.out().append(name).append('\n');
        }
    }

    private InputStream open(ClientContext client) {
        if (input != null) {
            return Pipes.input(client.open(input, Inodes.O_RDONLY, 0));
        }
        return client.in()
                .orElseThrow(() -> KelpException.invalid(
                                client.inputIsTerminal() ? "standard input is a terminal" : "standard input is closed")
                        .withHint("use -i FILE or a pipe"));
    }
}
