// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Secrets.Secret;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] SECRET…",
        description = "Prints everything about secrets but what they say.",
        footer = {"kelp secret inspect db-password", "kelp secret inspect --format '{{.Spec.Labels}}' db-password"})
public final class InspectCommand extends InspectingCommand {
    @Parameters(arity = "1..*", paramLabel = "SECRET")
    List<String> names = new ArrayList<>();

    @Override
    public int errorCode() {
        return 125;
    }

    @Override
    public int run(Invocation call) {
        return inspect(call, names, name -> describe(call, name));
    }

    /// As `secret inspect` shows it.
    public static Map<String, @Nullable Object> describe(Invocation call, String name) {
        return call.namespace()
                .secrets()
                .find(name)
                .map(InspectCommand::describe)
                .orElseThrow(() -> KelpException.notFound("no such secret: " + name));
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
