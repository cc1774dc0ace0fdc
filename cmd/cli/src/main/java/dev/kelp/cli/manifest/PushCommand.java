// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.image.TransferFlags;
import dev.kelp.engine.ManifestLists;
import dev.kelp.model.Digest;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "push",
        customSynopsis = "[OPTIONS] MANIFEST_LIST",
        description =
                "Sends a manifest list and the images in it to the registry its name says, and prints its" + " digest.",
        footer = "kelp manifest push --purge registry.example/app:1")
public final class PushCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    RegistryFlag registry = new RegistryFlag();

    @Option(
            names = {"-p", "--purge"},
            description = "forget the list afterwards")
    boolean purge;

    @Parameters(paramLabel = "MANIFEST_LIST")
    String list = "";

    @Override
    public int run(Invocation call) {
        Reference name = Reference.parse(list);
        ManifestLists lists = call.namespace().manifestLists();
        List<Digest> pushed = new ArrayList<>();
        TransferFlags.show(call, true, p -> pushed.add(lists.push(name, registry.options(call), call.client(), p)));
        call.out().append(pushed.getFirst().toString()).append('\n');
        if (purge) {
            lists.remove(name);
        }
        return 0;
    }
}
