// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "MANIFEST_LIST…",
        description = "Forgets manifest lists that were made here. What was pushed stays at the registry.",
        footer = "kelp manifest rm registry.example/app:1")
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(arity = "1..*", paramLabel = "MANIFEST_LIST")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        List<String> missing = names.stream()
                .filter(n -> !call.namespace().manifestLists().remove(Reference.parse(n)))
                .toList();
        if (!missing.isEmpty()) {
            throw KelpException.notFound("no such manifest list: `" + String.join("`, `", missing) + "`");
        }
        return 0;
    }
}
