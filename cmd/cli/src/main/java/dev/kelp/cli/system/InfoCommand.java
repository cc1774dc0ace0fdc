// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.format.Units;
import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.engine.Engine.Machine;
import dev.kelp.model.KelpException;
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
        description = {
            "Prints what Kelp found on this machine, and on error output what is missing.",
            "Templates have Docker's fields; with --mode=native those of containerd's own words."
        },
        footer = {
            "kelp info",
            "kelp info --format '{{.Driver}} {{.CgroupVersion}} {{.SecurityOptions}}'",
            "kelp info --mode native --format json"
        })
public final class InfoCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    @Option(names = "--mode", paramLabel = "MODE", description = "dockercompat or native (default: dockercompat)")
    String mode = "dockercompat";

    @Override
    public int run(Invocation call) {
        if (!List.of("dockercompat", "native").contains(mode)) {
            throw KelpException.invalid("unknown mode \"" + mode + "\"").withHint("use dockercompat or native");
        }
        EngineInfo info = call.engine().info();
        boolean own = mode.equals("native");
        DockerInfo docker = new DockerInfo(
                info, call.containers().list(true), call.images().list().size(), call.now());
        String f = format == null ? "" : format.strip();
        if (!f.isEmpty()) {
            Map<String, @Nullable Object> data = own ? describe(call, info) : docker.describe();
            String text =
                    f.equals("json") ? Json.compact(data) : GoTemplate.parse(f).execute(data);
            call.out().append(text).append('\n');
            return 0;
        }
        call.out().print(own ? nativeText(call, info) : text(call, docker));
        info.warnings().forEach(w -> call.err().append("WARNING: ").append(w).append('\n'));
        return 0;
    }

    private static String text(Invocation call, DockerInfo docker) {
        EngineInfo info = docker.info();
        Machine m = info.machine();
        StringBuilder b = new StringBuilder("Client:\n");
        b.append(" Namespace:\t").append(call.namespaceName()).append('\n');
        b.append(" Debug Mode:\t").append(call.flags().debug()).append("\n\nServer:\n");
        b.append(" Containers: ").append(docker.containers().size()).append('\n');
        b.append("  Running: ").append(docker.count(Status.RUNNING)).append('\n');
        b.append("  Paused: ").append(docker.count(Status.PAUSED)).append('\n');
        b.append("  Stopped: ").append(docker.stopped()).append('\n');
        b.append(" Images: ").append(docker.images()).append('\n');
        b.append(" Server Version: ").append(info.version()).append('\n');
        b.append(" Storage Driver: ").append(m.storageDrivers().getFirst()).append('\n');
        b.append(" Logging Driver: ").append(m.logDrivers().getFirst()).append('\n');
        b.append(" Cgroup Driver: ").append(m.cgroupDriver()).append('\n');
        b.append(" Cgroup Version: 2\n Plugins:\n");
        b.append("  Log:     ").append(String.join(" ", m.logDrivers())).append('\n');
        b.append("  Storage: ").append(String.join(" ", m.storageDrivers())).append('\n');
        b.append(" Runtimes: ").append(String.join(" ", m.runtimes())).append('\n');
        b.append(" Security Options:\n");
        docker.appArmor().ifPresent(profile -> b.append("  apparmor\n   Profile: " + profile + "\n"));
        b.append("  seccomp\n   Profile: builtin\n  cgroupns\n  rootless\n");
        b.append(" Kernel Version:   ").append(m.kernelVersion()).append('\n');
        b.append(" Operating System: ").append(m.operatingSystem()).append('\n');
        b.append(" OSType:           ").append(Platform.host().os()).append('\n');
        b.append(" Architecture:     ").append(m.architecture()).append('\n');
        b.append(" CPUs:             ").append(m.cpus()).append('\n');
        b.append(" Total Memory:     ")
                .append(Units.binarySize(m.memoryBytes()))
                .append('\n');
        b.append(" Name:             ").append(m.hostname()).append('\n');
        b.append(" ID:               ").append(m.id()).append('\n');
        for (String key : List.of("Data Root", "Run Root", "Ids")) {
            String value = info.settings().getOrDefault(key, "");
            b.append((" " + key + ":                  ").substring(0, 19))
                    .append(value)
                    .append('\n');
        }
        return b.append('\n').toString();
    }

    private static Map<String, @Nullable Object> describe(Invocation call, EngineInfo info) {
        Machine m = info.machine();
        Struct daemon = new Struct()
                .with("Server", new Struct().with("UUID", m.id()).map())
                .with(
                        "Version",
                        new Struct()
                                .with("Version", info.version())
                                .with("Revision", "")
                                .map())
                .with("Settings", new TreeMap<>(info.settings()))
                .with("Components", new TreeMap<>(info.components()))
                .with("Warnings", info.warnings());
        return new Struct()
                .with("Namespace", call.namespaceName())
                .with("Snapshotter", snapshotter(call, m))
                .with("CgroupManager", m.cgroupDriver())
                .with("Rootless", true)
                .with("Daemon", daemon.map())
                .map();
    }

    private static String nativeText(Invocation call, EngineInfo info) {
        Machine m = info.machine();
        StringBuilder b = new StringBuilder();
        b.append("Namespace:          ").append(call.namespaceName()).append('\n');
        b.append("Snapshotter:        ").append(snapshotter(call, m)).append('\n');
        b.append("Cgroup Manager:     ").append(m.cgroupDriver()).append('\n');
        b.append("Rootless:           true\n");
        b.append("Kelp Version:       ").append(info.version()).append('\n');
        b.append("Kelp UUID:          ").append(m.id()).append('\n');
        info.settings().forEach((k, v) -> b.append(k).append(": ").append(v).append('\n'));
        info.components().forEach((k, v) -> b.append(k).append(": ").append(v).append('\n'));
        return b.toString();
    }

    private static String snapshotter(Invocation call, Machine m) {
        String asked = call.snapshotter();
        return asked == null ? m.storageDrivers().getFirst() : asked;
    }
}
