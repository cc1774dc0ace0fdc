// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.ManifestLists.Annotation;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "annotate",
        customSynopsis = "[OPTIONS] MANIFEST_LIST MANIFEST",
        description = "Changes what a list says of the platform of one of its images.",
        footer = "kelp manifest annotate --arch arm --variant v6 registry.example/app:1 registry.example/app:1-arm")
public final class AnnotateCommand extends dev.kelp.cli.KelpCommand {
    @Option(names = "--os", paramLabel = "OS", description = "operating system")
    @Nullable
    String os;

    @Option(names = "--arch", paramLabel = "ARCH", description = "architecture")
    @Nullable
    String arch;

    @Option(names = "--variant", paramLabel = "VARIANT", description = "variant of the architecture")
    @Nullable
    String variant;

    @Option(names = "--os-version", paramLabel = "VERSION", description = "version of the operating system")
    @Nullable
    String osVersion;

    @Option(
            names = "--os-features",
            paramLabel = "NAME",
            split = ",",
            description = "what the operating system must have")
    List<String> osFeatures = new ArrayList<>();

    @Parameters(index = "0", paramLabel = "MANIFEST_LIST")
    String list = "";

    @Parameters(index = "1", paramLabel = "MANIFEST")
    String image = "";

    @Override
    public int run(Invocation call) {
        Stream.of(os, arch, variant)
                .filter(v -> v != null && !v.matches("[A-Za-z0-9_.-]+"))
                .findFirst()
                .ifPresent(v -> {
                    throw KelpException.invalid("`" + v + "` names no part of a platform");
                });
        call.namespace()
                .manifestLists()
                .annotate(Reference.parse(list), image, new Annotation(os, arch, variant, osVersion, osFeatures));
        return 0;
    }
}
