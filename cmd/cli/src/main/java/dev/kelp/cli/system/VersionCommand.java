// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.model.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "version",
        customSynopsis = "[OPTIONS]",
        description = "Prints the versions of Kelp and of the programs it uses.",
        footer = "kelp version --format '{{.Server.Version}}'")
public final class VersionCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        EngineInfo info = call.engine().info();
        String f = format == null ? "" : format.strip();
        if (f.isEmpty()) {
            StringBuilder b = new StringBuilder(
                    "Kelp:\n Version:    " + info.version() + "\n OS/Arch:    " + Platform.host() + "\n");
            info.components()
                    .forEach((name, version) -> b.append('\n')
                            .append(name)
                            .append(":\n Version:    ")
                            .append(version)
                            .append('\n'));
            call.out().print(b);
            return 0;
        }
        Map<String, @Nullable Object> data = describe(info);
        call.out()
                .append(
                        f.equals("json")
                                ? Json.compact(data)
                                : GoTemplate.parse(f).execute(data))
                .append('\n');
        return 0;
    }

    private static Map<String, @Nullable Object> describe(EngineInfo info) {
        List<Object> components = new ArrayList<>();
        components.add(new Struct()
                .with("Name", "kelp")
                .with("Version", info.version())
                .map());
        info.components()
                .forEach((name, version) -> components.add(
                        new Struct().with("Name", name).with("Version", version).map()));
        Struct client = new Struct()
                .with("Version", info.version())
                .with("Os", Platform.host().os())
                .with("Arch", Platform.host().architecture());
        Struct server = new Struct()
                .with("Version", info.version())
                .with("Os", Platform.host().os())
                .with("Arch", Platform.host().architecture())
                .with("Components", components);
        return new Struct()
                .with("Client", client.map())
                .with("Server", server.map())
                .map();
    }
}
