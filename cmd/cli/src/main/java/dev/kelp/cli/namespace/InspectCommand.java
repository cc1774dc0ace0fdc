// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Namespaces.NamespaceSummary;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NAMESPACE…",
        description = "Prints names and labels of namespaces.",
        footer = "kelp namespace inspect --format '{{json .Labels}}' build")
public final class InspectCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json, or a Go template")
    @Nullable
    String format;

    @Parameters(arity = "1..*", paramLabel = "NAMESPACE")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        List<Map<String, @Nullable Object>> found = new ArrayList<>();
        KelpException failure = null;
        for (String name : names) {
            try {
                NamespaceSummary n = call.engine().namespaces().inspect(name);
                found.add(new Struct()
                        .with("Name", n.name())
                        .with("Labels", new TreeMap<>(n.labels()))
                        .map());
            } catch (KelpException e) {
                failure = failure == null
                        ? e
                        : new KelpException(e.kind(), failure.getMessage() + "\n" + e.getMessage(), failure);
            }
        }
        if (!found.isEmpty() || format == null || format.isEmpty()) {
            Documents.print(call.out(), format, found);
        }
        if (failure != null) {
            throw failure;
        }
        return 0;
    }
}
