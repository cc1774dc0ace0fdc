// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.apparmor.UnloadCommand;
import dev.kelp.cli.container.AttachCommand;
import dev.kelp.cli.container.CommitCommand;
import dev.kelp.cli.container.CopyCommand;
import dev.kelp.cli.container.CreateCommand;
import dev.kelp.cli.container.DiffCommand;
import dev.kelp.cli.container.ExecCommand;
import dev.kelp.cli.container.ExportCommand;
import dev.kelp.cli.container.HealthcheckCommand;
import dev.kelp.cli.container.InitCommand;
import dev.kelp.cli.container.InspectCommand;
import dev.kelp.cli.container.InspectCommand.Kind;
import dev.kelp.cli.container.KillCommand;
import dev.kelp.cli.container.ListCommand;
import dev.kelp.cli.container.LogsCommand;
import dev.kelp.cli.container.PauseCommand;
import dev.kelp.cli.container.PortCommand;
import dev.kelp.cli.container.PruneCommand;
import dev.kelp.cli.container.RemoveCommand;
import dev.kelp.cli.container.RenameCommand;
import dev.kelp.cli.container.RestartCommand;
import dev.kelp.cli.container.RunCommand;
import dev.kelp.cli.container.StartCommand;
import dev.kelp.cli.container.StatsCommand;
import dev.kelp.cli.container.StopCommand;
import dev.kelp.cli.container.TopCommand;
import dev.kelp.cli.container.UnpauseCommand;
import dev.kelp.cli.container.UpdateCommand;
import dev.kelp.cli.container.WaitCommand;
import dev.kelp.cli.context.ShowCommand;
import dev.kelp.cli.context.UseCommand;
import dev.kelp.cli.image.ConvertCommand;
import dev.kelp.cli.image.DockerImage;
import dev.kelp.cli.image.ExistsCommand;
import dev.kelp.cli.image.HistoryCommand;
import dev.kelp.cli.image.ImportCommand;
import dev.kelp.cli.image.LoadCommand;
import dev.kelp.cli.image.LoginCommand;
import dev.kelp.cli.image.LogoutCommand;
import dev.kelp.cli.image.PullCommand;
import dev.kelp.cli.image.PushCommand;
import dev.kelp.cli.image.SaveCommand;
import dev.kelp.cli.image.SearchCommand;
import dev.kelp.cli.image.TagCommand;
import dev.kelp.cli.image.UntagCommand;
import dev.kelp.cli.manifest.AnnotateCommand;
import dev.kelp.cli.network.ConnectCommand;
import dev.kelp.cli.network.DisconnectCommand;
import dev.kelp.cli.system.DiskUsageCommand;
import dev.kelp.cli.system.EventsCommand;
import dev.kelp.cli.system.InfoCommand;
import dev.kelp.cli.system.PluginsCommand;
import dev.kelp.cli.system.SetupCommand;
import dev.kelp.cli.system.StatusCommand;
import dev.kelp.cli.system.SystemPruneCommand;
import dev.kelp.cli.system.UnshareCommand;
import dev.kelp.cli.system.VersionCommand;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The table of commands. A command's class is touched only when it is the one asked for.
final class Commands {
    /// A command or, with children, a group of commands.
    ///
    /// @param section heading in the help
    record Row(
            List<String> names,
            String section,
            String summary,
            @Nullable Supplier<KelpCommand> factory,
            List<Row> children) {
        String name() {
            return names.getFirst();
        }
    }

    static final List<Row> ROOT = List.of(
            row("run", "Containers", "make and start a container", RunCommand::new),
            row("create", "Containers", "make a container", CreateCommand::new),
            row("start", "Containers", "start containers", StartCommand::new),
            row("init", "Containers", "make containers ready to start", InitCommand::new),
            row("stop", "Containers", "stop containers", StopCommand::new),
            row("restart", "Containers", "stop and start containers", RestartCommand::new),
            row("kill", "Containers", "send a signal to containers", KillCommand::new),
            row("rm", "Containers", "remove containers", RemoveCommand::new),
            row("ps", "Containers", "list containers", ListCommand::new),
            row("exec", "Containers", "run a command in a running container", ExecCommand::new),
            row("attach", "Containers", "connect to a running container's streams", AttachCommand::new),
            row("logs", "Containers", "print what a container has written", LogsCommand::new),
            row("cp", "Containers", "copy files between a container and you", CopyCommand::new),
            row("top", "Containers", "show the processes of a container", TopCommand::new),
            row("stats", "Containers", "show what containers use", StatsCommand::new),
            row("pause", "Containers", "freeze containers", PauseCommand::new),
            row("unpause", "Containers", "let paused containers go on", UnpauseCommand::new),
            row("rename", "Containers", "give a container another name", RenameCommand::new),
            row("update", "Containers", "change limits and restart policy", UpdateCommand::new),
            row("port", "Containers", "list published ports", PortCommand::new),
            row("wait", "Containers", "wait for containers and print their exit codes", WaitCommand::new),
            row("inspect", "Containers", "print everything about what has a name", Commands::inspectAny),
            row("diff", "Containers", "list what a container changed in its files", DiffCommand::new),
            row("export", "Containers", "write a container's files into an archive", ExportCommand::new),
            row("commit", "Containers", "make an image of a container", CommitCommand::new),
            row("pull", "Images", "fetch an image from a registry", PullCommand::new),
            row("push", "Images", "send an image to a registry", PushCommand::new),
            row("images", "Images", "list images", dev.kelp.cli.image.ListCommand::new),
            row("tag", "Images", "give an image another name", TagCommand::new),
            row("search", "Images", "look for images in a registry", SearchCommand::new),
            row("untag", "Images", "take names away from an image", UntagCommand::new),
            row("rmi", "Images", "remove images", dev.kelp.cli.image.RemoveCommand::new),
            row("save", "Images", "write images into an archive", SaveCommand::new),
            row("load", "Images", "read images from an archive", LoadCommand::new),
            row("import", "Images", "make an image of a file system's archive", ImportCommand::new),
            row("history", "Images", "show how an image was made", HistoryCommand::new),
            row("login", "Registries", "keep credentials for a registry", LoginCommand::new),
            row("logout", "Registries", "forget credentials for a registry", LogoutCommand::new),
            group(
                    List.of("container"),
                    "commands about containers",
                    row("run", "", "make and start a container", RunCommand::new),
                    row("create", "", "make a container", CreateCommand::new),
                    row("start", "", "start containers", StartCommand::new),
                    row("init", "", "make containers ready to start", InitCommand::new),
                    row("stop", "", "stop containers", StopCommand::new),
                    row("restart", "", "stop and start containers", RestartCommand::new),
                    row("kill", "", "send a signal to containers", KillCommand::new),
                    row(List.of("rm", "remove"), "remove containers", RemoveCommand::new),
                    row(List.of("ls", "list", "ps"), "list containers", ListCommand::new),
                    row("exec", "", "run a command in a running container", ExecCommand::new),
                    row("attach", "", "connect to a running container's streams", AttachCommand::new),
                    row("logs", "", "print what a container has written", LogsCommand::new),
                    row("cp", "", "copy files between a container and you", CopyCommand::new),
                    row("top", "", "show the processes of a container", TopCommand::new),
                    row("stats", "", "show what containers use", StatsCommand::new),
                    row("pause", "", "freeze containers", PauseCommand::new),
                    row("unpause", "", "let paused containers go on", UnpauseCommand::new),
                    row("rename", "", "give a container another name", RenameCommand::new),
                    row("update", "", "change limits and restart policy", UpdateCommand::new),
                    row("port", "", "list published ports", PortCommand::new),
                    row("wait", "", "wait for containers and print their exit codes", WaitCommand::new),
                    row("diff", "", "list what a container changed in its files", DiffCommand::new),
                    row("export", "", "write a container's files into an archive", ExportCommand::new),
                    row("commit", "", "make an image of a container", CommitCommand::new),
                    row("healthcheck", "", "run a container's health check now", () -> new HealthcheckCommand(false)),
                    row("exists", "", "tell whether there is a container", dev.kelp.cli.container.ExistsCommand::new),
                    row("prune", "", "remove stopped containers", PruneCommand::new),
                    row("inspect", "", "print everything about containers", () -> new InspectCommand(List.of()))),
            group(
                    List.of("image"),
                    "commands about images",
                    row(List.of("ls", "list"), "list images", dev.kelp.cli.image.ListCommand::new),
                    row(List.of("rm", "remove"), "remove images", dev.kelp.cli.image.RemoveCommand::new),
                    row("inspect", "", "print everything about images", dev.kelp.cli.image.InspectCommand::new),
                    row("pull", "", "fetch an image from a registry", PullCommand::new),
                    row("push", "", "send an image to a registry", PushCommand::new),
                    row("save", "", "write images into an archive", SaveCommand::new),
                    row("load", "", "read images from an archive", LoadCommand::new),
                    row("import", "", "make an image of a file system's archive", ImportCommand::new),
                    row("history", "", "show how an image was made", HistoryCommand::new),
                    row("prune", "", "remove images that nothing uses", dev.kelp.cli.image.PruneCommand::new),
                    row("convert", "", "pack an image in another way", ConvertCommand::new),
                    row("exists", "", "tell whether there is an image", ExistsCommand::new),
                    row("search", "", "look for images in a registry", SearchCommand::new),
                    row("untag", "", "take names away from an image", UntagCommand::new),
                    row("tag", "", "give an image another name", TagCommand::new)),
            group(
                    List.of("manifest"),
                    "commands about lists of images for several platforms",
                    row("create", "", "make a list to annotate and push", dev.kelp.cli.manifest.CreateCommand::new),
                    row("annotate", "", "change the platform of an image in a list", AnnotateCommand::new),
                    row(
                            "inspect",
                            "",
                            "print a list, or what a registry has",
                            dev.kelp.cli.manifest.InspectCommand::new),
                    row("push", "", "send a list to its registry", dev.kelp.cli.manifest.PushCommand::new),
                    row(List.of("rm", "remove"), "forget lists", dev.kelp.cli.manifest.RemoveCommand::new)),
            group(
                    List.of("volume"),
                    "commands about volumes",
                    row("create", "", "make a volume", dev.kelp.cli.volume.CreateCommand::new),
                    row(List.of("ls", "list"), "list volumes", dev.kelp.cli.volume.ListCommand::new),
                    row("inspect", "", "print everything about volumes", dev.kelp.cli.volume.InspectCommand::new),
                    row(List.of("rm", "remove"), "remove volumes", dev.kelp.cli.volume.RemoveCommand::new),
                    row("prune", "", "remove volumes nobody uses", dev.kelp.cli.volume.PruneCommand::new),
                    row("exists", "", "tell whether there is a volume", dev.kelp.cli.volume.ExistsCommand::new),
                    row("export", "", "write a volume's files into an archive", dev.kelp.cli.volume.ExportCommand::new),
                    row("import", "", "unpack an archive into a volume", dev.kelp.cli.volume.ImportCommand::new)),
            group(
                    List.of("secret"),
                    "commands about secrets",
                    row("create", "", "keep a secret", dev.kelp.cli.secret.CreateCommand::new),
                    row(List.of("ls", "list"), "list secrets", dev.kelp.cli.secret.ListCommand::new),
                    row("inspect", "", "print everything but the data", dev.kelp.cli.secret.InspectCommand::new),
                    row(List.of("rm", "remove"), "remove secrets", dev.kelp.cli.secret.RemoveCommand::new),
                    row("exists", "", "tell whether there is a secret", dev.kelp.cli.secret.ExistsCommand::new)),
            group(
                    List.of("network"),
                    "commands about networks",
                    row("create", "", "make a network", dev.kelp.cli.network.CreateCommand::new),
                    row(List.of("ls", "list"), "list networks", dev.kelp.cli.network.ListCommand::new),
                    row("inspect", "", "print everything about networks", dev.kelp.cli.network.InspectCommand::new),
                    row(List.of("rm", "remove"), "remove networks", dev.kelp.cli.network.RemoveCommand::new),
                    row("prune", "", "remove networks that nothing uses", dev.kelp.cli.network.PruneCommand::new),
                    row("exists", "", "tell whether there is a network", dev.kelp.cli.network.ExistsCommand::new),
                    row("connect", "", "let a running container join a network", ConnectCommand::new),
                    row("disconnect", "", "take a running container out of a network", DisconnectCommand::new)),
            group(
                    List.of("healthcheck"),
                    "commands about health checks",
                    row("run", "", "run a container's health check now", () -> new HealthcheckCommand(true))),
            group(
                    List.of("checkpoint"),
                    "commands about checkpoints, which cannot be made",
                    row("create", "", "say why not", dev.kelp.cli.checkpoint.CreateCommand::new),
                    row(List.of("ls", "list"), "list none", dev.kelp.cli.checkpoint.ListCommand::new),
                    row(List.of("rm", "remove"), "find none", dev.kelp.cli.checkpoint.RemoveCommand::new)),
            group(
                    List.of("namespace", "ns"),
                    "commands about namespaces",
                    row("create", "", "make a namespace", dev.kelp.cli.namespace.CreateCommand::new),
                    row(List.of("ls", "list"), "list namespaces", dev.kelp.cli.namespace.ListCommand::new),
                    row("inspect", "", "print names and labels", dev.kelp.cli.namespace.InspectCommand::new),
                    row(List.of("rm", "remove"), "remove empty namespaces", dev.kelp.cli.namespace.RemoveCommand::new),
                    row("update", "", "change labels", dev.kelp.cli.namespace.UpdateCommand::new)),
            group(
                    List.of("apparmor"),
                    "commands about the profile that confines containers",
                    row("inspect", "", "print it", dev.kelp.cli.apparmor.InspectCommand::new),
                    row("load", "", "as root, load it", dev.kelp.cli.apparmor.LoadCommand::new),
                    row(List.of("ls", "list"), "list loaded profiles", dev.kelp.cli.apparmor.ListCommand::new),
                    row("unload", "", "as root, take one out of the kernel", UnloadCommand::new)),
            group(
                    List.of("context"),
                    "commands about contexts; there is one",
                    row(List.of("ls", "list"), "list contexts", dev.kelp.cli.context.ListCommand::new),
                    row("show", "", "print the name of the one in use", ShowCommand::new),
                    row("inspect", "", "print everything about it", dev.kelp.cli.context.InspectCommand::new),
                    row("use", "", "choose one", UseCommand::new)),
            group(
                    List.of("system"),
                    "commands about Kelp",
                    row("start", "", "start the engine", dev.kelp.cli.system.StartCommand::new),
                    row("stop", "", "stop it; containers go on", dev.kelp.cli.system.StopCommand::new),
                    row("restart", "", "start its daemon anew", dev.kelp.cli.system.RestartCommand::new),
                    row("status", "", "print its state without starting it", StatusCommand::new),
                    row("df", "", "show what takes space", DiskUsageCommand::new),
                    row("events", "", "print what happens, as it happens", EventsCommand::new),
                    row("info", "", "print what Kelp found on this machine", InfoCommand::new),
                    row("plugins", "", "list what can be chosen from", PluginsCommand::new),
                    row("prune", "", "remove what nothing uses", SystemPruneCommand::new)),
            row("setup", "System", "check this machine for what containers need", SetupCommand::new),
            row("unshare", "System", "run a command in the engine's user namespace", UnshareCommand::new),
            row("events", "System", "print what happens, as it happens", EventsCommand::new),
            row("version", "System", "print versions", VersionCommand::new),
            row("info", "System", "print what Kelp found on this machine", InfoCommand::new),
            row("completion", "System", "print a script that makes a shell complete words", CompletionCommand::new));

    private Commands() {}

    static Optional<Row> find(List<Row> rows, String name) {
        return rows.stream().filter(r -> r.names.contains(name)).findFirst();
    }

    private static KelpCommand inspectAny() {
        return new InspectCommand(List.of(
                new Kind(
                        "image",
                        (call, name) -> DockerImage.describe(call.images().inspect(name, null))),
                new Kind("network", dev.kelp.cli.network.InspectCommand::describe),
                new Kind(
                        "volume",
                        (call, name) -> dev.kelp.cli.volume.InspectCommand.describe(
                                call.namespace().volumes().inspect(name))),
                new Kind("secret", dev.kelp.cli.secret.InspectCommand::describe)));
    }

    private static Row row(String name, String section, String summary, Supplier<KelpCommand> factory) {
        return new Row(List.of(name), section, summary, factory, List.of());
    }

    private static Row row(List<String> names, String summary, Supplier<KelpCommand> factory) {
        return new Row(names, "", summary, factory, List.of());
    }

    private static Row group(List<String> names, String summary, Row... children) {
        return new Row(names, "Groups", summary, null, List.of(children));
    }
}
