// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Secrets.Secret;
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
        customSynopsis = "[OPTIONS] SECRET…",
        description = "Prints everything about secrets but what they say.",
        footer = {"kelp secret inspect db-password", "kelp secret inspect --format '{{.Spec.Labels}}' db-password"})
public final class InspectCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json, or a Go template")
    @Nullable
    String format;

    @Parameters(arity = "1..*", paramLabel = "SECRET")
    List<String> names = new ArrayList<>();

    @Override
    public int errorCode() {
        return 125;
    }

    @Override
    public int run(Invocation call) {
        List<Map<String, @Nullable Object>> found = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String name : names) {
            call.namespace()
                    .secrets()
                    .find(name)
                    .ifPresentOrElse(s -> found.add(describe(s)), () -> missing.add("no such secret: " + name));
        }
        if (!found.isEmpty() || format == null || format.isEmpty()) {
            Documents.print(call.out(), format, found);
        }
        if (!missing.isEmpty()) {
            throw KelpException.notFound(String.join("\n", missing));
        }
        return 0;
    }

    private static Map<String, @Nullable Object> describe(Secret s) {
        return new Struct()
                .with("ID", s.id())
                .with("CreatedAt", s.created().toString())
                .with("UpdatedAt", s.created().toString())
                .with(
                        "Spec",
                        new Struct()
                                .with("Name", s.name())
                                .with(
                                        "Driver",
                                        new Struct()
                                                .with("Name", s.driver())
                                                .with("Options", new TreeMap<>(s.options()))
                                                .map())
                                .with("Labels", new TreeMap<>(s.labels()))
                                .map())
                .map();
    }
}
