// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Changes.Compression;
import dev.kelp.engine.Images.ConvertOptions;
import dev.kelp.engine.Images.Image;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "convert",
        customSynopsis = "[OPTIONS] SOURCE TARGET",
        description = "Makes another image of the same files: with the OCI's media types, or with its layers packed in"
                + " another way. Prints the new image's digest.",
        footer = {
            "kelp image convert --oci --zstd app:1 app:1-zstd",
            "kelp image convert --uncompress app:1 app:1-plain"
        })
public final class ConvertCommand extends dev.kelp.cli.KelpCommand {
    private static final int ZSTD_LEVEL_MAX = 22;

    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Option(names = "--oci", description = "use the OCI's media types")
    boolean oci;

    @Option(names = "--uncompress", description = "do not pack layers")
    boolean uncompress;

    @Option(names = "--zstd", description = "pack layers with zstd; needs --oci for an image of Docker's kind")
    boolean zstd;

    @Option(names = "--zstd-compression-level", paramLabel = "N", description = "1 to 22 (default: 3)")
    @Nullable
    Integer level;

    @Option(
            names = {"--estargz", "--zstdchunked", "--nydus", "--overlaybd", "--soci", "--erofs"},
            hidden = true,
            description = "formats for lazy pulling")
    List<Boolean> lazy = new ArrayList<>();

    @Parameters(index = "0", paramLabel = "SOURCE")
    String source = "";

    @Parameters(index = "1", paramLabel = "TARGET")
    String target = "";

    @Override
    public int run(Invocation call) {
        if (!lazy.isEmpty()) {
            throw new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "convert `" + source + "`: formats for lazy pulling are not made here")
                    .withHint("use --oci, --uncompress or --zstd");
        }
        if (uncompress && zstd) {
            throw KelpException.invalid("--uncompress and --zstd exclude each other");
        }
        if (!oci && !uncompress && !zstd) {
            throw KelpException.invalid("nothing to convert to").withHint("use --oci, --uncompress or --zstd");
        }
        if (level != null && (level < 1 || level > ZSTD_LEVEL_MAX)) {
            throw KelpException.invalid(
                    "invalid --zstd-compression-level `" + level + "`: expected 1 to " + ZSTD_LEVEL_MAX);
        }
        Optional<Compression> compression = uncompress
                ? Optional.of(Compression.UNCOMPRESSED)
                : zstd ? Optional.of(Compression.ZSTD) : Optional.empty();
        ConvertOptions options = new ConvertOptions(
                transfer.platforms(), transfer.allPlatforms(), oci, compression, zstd ? level : null);
        List<Image> made = new ArrayList<>();
        transfer.run(call, true, p -> made.add(call.images().convert(source, Reference.parse(target), options, p)));
        call.out().append(made.getFirst().target().digest().toString()).append('\n');
        return 0;
    }
}
