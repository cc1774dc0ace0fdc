// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.model.Platform;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "version",
        customSynopsis = "[OPTIONS]",
        description = "Prints the versions of Kelp and of the programs it uses.",
        footer = {
            "kelp version",
            "kelp version --format '{{.Server.Version}}'",
            "kelp version --format '{{range .Server.Components}}{{.Name}} {{.Version}}{{\"\\n\"}}{{end}}'"
        })
public final class VersionCommand extends dev.kelp.cli.KelpCommand {
    /// `crun version 1.8.1`, `3.0.2`: the number, whatever stands before it.
    private static final Pattern NUMBER = Pattern.compile("(?:^|\\s)v?(\\d+(?:\\.[0-9A-Za-z+~-]+)+)(?:\\s|$)");

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    /// A program: its version, and what else is known of it.
    private record Component(String name, String version, Map<String, String> details) {
        static Component of(String name, String said) {
            Matcher m = NUMBER.matcher(said);
            return m.find()
                    ? new Component(name, m.group(1), Map.of())
                    : new Component(name, "", said.startsWith("/") ? Map.of("Path", said) : Map.of());
        }

        Map<String, @Nullable Object> describe() {
            Struct s = new Struct().with("Name", name).with("Version", version);
            return details.isEmpty()
                    ? s.map()
                    : s.with("Details", new LinkedHashMap<>(details)).map();
        }
    }

    @Override
    public int run(Invocation call) {
        EngineInfo info = call.engine().info();
        List<Component> components = new ArrayList<>();
        components.add(new Component("kelp", info.version(), Map.of()));
        info.components().forEach((name, version) -> components.add(Component.of(name, version)));
        String f = format == null ? "" : format.strip();
        if (f.isEmpty()) {
            call.out().print(text(info, components));
            return 0;
        }
        Map<String, @Nullable Object> data = describe(info, components);
        call.out()
                .append(
                        f.equals("json")
                                ? Json.compact(data)
                                : GoTemplate.parse(f).execute(data))
                .append('\n');
        return 0;
    }

    private static String text(EngineInfo info, List<Component> components) {
        StringBuilder b = new StringBuilder("Client:\n");
        b.append(" Version:\t").append(info.version()).append('\n');
        b.append(" OS/Arch:\t").append(Platform.host()).append("\n\nServer:\n");
        for (Component c : components) {
            b.append(' ').append(c.name()).append(":\n");
            b.append("  Version:\t").append(c.version()).append('\n');
            c.details()
                    .forEach((k, v) ->
                            b.append("  ").append(k).append(":\t").append(v).append('\n'));
        }
        return b.toString();
    }

    /// Fields of which Kelp knows nothing are empty, so that a template that asks for them does not fail.
    private static Map<String, @Nullable Object> describe(EngineInfo info, List<Component> components) {
        return new Struct()
                .with(
                        "Client",
                        side(info)
                                .with("Components", List.of())
                                .with("Context", "default")
                                .map())
                .with(
                        "Server",
                        side(info)
                                .with("KernelVersion", info.machine().kernelVersion())
                                .with("Experimental", false)
                                .with(
                                        "Components",
                                        components.stream()
                                                .map(Component::describe)
                                                .toList())
                                .map())
                .map();
    }

    private static Struct side(EngineInfo info) {
        return new Struct()
                .with("Version", info.version())
                .with("GitCommit", "")
                .with("GoVersion", "")
                .with("BuildTime", "")
                .with("Os", Platform.host().os())
                .with("Arch", Platform.host().architecture());
    }
}
