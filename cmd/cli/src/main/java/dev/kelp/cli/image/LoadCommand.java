// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Progress;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "load",
        customSynopsis = "[OPTIONS]",
        description = "Reads images from a tar archive, an OCI layout or a Docker archive, also compressed; or from a"
                + " folder.",
        footer = {"kelp load -i alpine.tar", "kelp load < alpine.tar.gz", "kelp load -i layout/"})
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
        Optional<ImageLocation> folder = input == null ? Optional.empty() : Locations.folder(call.client(), input);
        if (folder.isPresent()) {
            load(call, folder.get(), transfer);
            return 0;
        }
        try (InputStream in = open(call.client())) {
            load(call, transfer, p -> call.images().load(in, options(call, transfer), p));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the archive: " + e.getMessage(), e);
        }
        return 0;
    }

    private static LoadOptions options(Invocation call, TransferFlags transfer) {
        return new LoadOptions(transfer.platforms(), transfer.allPlatforms(), true, call.snapshotter());
    }

    /// Loads what is among the user's files and prints what was there.
    static void load(Invocation call, ImageLocation from, TransferFlags transfer) {
        load(call, transfer, p -> call.images().load(from, options(call, transfer), call.client(), p));
    }

    private static void load(Invocation call, TransferFlags transfer, Function<Progress, List<Image>> work) {
        List<Image> loaded = new ArrayList<>();
        transfer.run(call, true, p -> loaded.addAll(work.apply(p)));
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
