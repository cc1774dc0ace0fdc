// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.ManifestLists.NewList;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] MANIFEST_LIST MANIFEST…",
        description = "Makes a list of images for several platforms, to be annotated and pushed. The images are looked"
                + " up in their registries, or here when they are not there.",
        footer =
                "kelp manifest create registry.example/app:1 registry.example/app:1-amd64 registry.example/app:1-arm64")
public final class CreateCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    RegistryFlag registry = new RegistryFlag();

    @Option(
            names = {"-a", "--amend"},
            description = "add to a list there is")
    boolean amend;

    @Parameters(index = "0", paramLabel = "MANIFEST_LIST")
    String list = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "MANIFEST")
    List<String> manifests = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        Reference name = Reference.parse(list);
        call.namespace()
                .manifestLists()
                .create(name, new NewList(manifests, amend, registry.options(call)), call.client());
        call.out().append("Created manifest list ").append(name.toString()).append('\n');
        return 0;
    }
}
