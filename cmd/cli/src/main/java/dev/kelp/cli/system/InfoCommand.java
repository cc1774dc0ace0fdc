// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.model.Platform;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "info",
        customSynopsis = "[OPTIONS]",
        description = "Prints what Kelp found on this machine, and what is missing.",
        footer = "kelp info --format json")
public final class InfoCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        EngineInfo info = call.engine().info();
        List<ContainerSummary> containers = call.containers().list(true);
        long images = call.images().list().size();
        String f = format == null ? "" : format.strip();
        if (!f.isEmpty()) {
            Map<String, @Nullable Object> data = describe(info, containers, images, call.namespaceName());
            call.out()
                    .append(
                            f.equals("json")
                                    ? Json.compact(data)
                                    : GoTemplate.parse(f).execute(data))
                    .append('\n');
            return 0;
        }
        StringBuilder b = new StringBuilder();
        b.append("Version: ").append(info.version()).append('\n');
        b.append("Namespace: ").append(call.namespaceName()).append('\n');
        b.append("Containers: ").append(containers.size()).append('\n');
        b.append(" Running: ").append(count(containers, Status.RUNNING)).append('\n');
        b.append(" Paused: ").append(count(containers, Status.PAUSED)).append('\n');
        b.append("Images: ").append(images).append('\n');
        info.settings().forEach((k, v) -> b.append(k).append(": ").append(v).append('\n'));
        info.components().forEach((k, v) -> b.append(k).append(": ").append(v).append('\n'));
        call.out().print(b);
        info.warnings().forEach(w -> call.err().append("WARNING: ").append(w).append('\n'));
        return 0;
    }

    private static long count(List<ContainerSummary> containers, Status status) {
        return containers.stream().filter(c -> c.state().status() == status).count();
    }

    private static Map<String, @Nullable Object> describe(
            EngineInfo info, List<ContainerSummary> containers, long images, String namespace) {
        long running = count(containers, Status.RUNNING);
        long paused = count(containers, Status.PAUSED);
        return new Struct()
                .with("ServerVersion", info.version())
                .with("Namespace", namespace)
                .with("Containers", containers.size())
                .with("ContainersRunning", running)
                .with("ContainersPaused", paused)
                .with("ContainersStopped", containers.size() - running - paused)
                .with("Images", images)
                .with("OSType", Platform.host().os())
                .with("Architecture", Platform.host().architecture())
                .with("SecurityOptions", List.of("name=seccomp,profile=builtin", "name=rootless"))
                .with("Settings", new TreeMap<>(info.settings()))
                .with("Components", new TreeMap<>(info.components()))
                .with("Warnings", info.warnings())
                .map();
    }
}
