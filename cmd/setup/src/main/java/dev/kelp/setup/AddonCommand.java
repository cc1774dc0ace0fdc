// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Survey;
import dev.kelp.setup.service.Addon;
import dev.kelp.setup.service.ContainerdConfig;
import dev.kelp.setup.service.ProxyPlugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/// `install-NAME` and `uninstall-NAME`.
@Command
final class AddonCommand implements Callable<Integer> {
    private static final String IPFS_API = "/ip4/127.0.0.1/tcp/5888";
    private static final String IPFS_GATEWAY = "/ip4/127.0.0.1/tcp/5889";

    private final SetupTool tool;
    private final Addon addon;
    private final boolean installs;

    @Option(names = "--write", description = "Add the lines for containerd to its config.toml; the old one is kept.")
    private boolean write;

    @Unmatched
    private List<String> words = new ArrayList<>();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    private AddonCommand(SetupTool tool, Addon addon, boolean installs) {
        this.tool = tool;
        this.addon = addon;
        this.installs = installs;
    }

    /// Both commands of every add-on.
    static void addTo(CommandLine line, SetupTool tool) {
        for (Addon addon : Addon.values()) {
            for (boolean installs : List.of(true, false)) {
                CommandLine sub = new CommandLine(new AddonCommand(tool, addon, installs));
                String what =
                        installs ? "Run " + addon.title() + " as a service of yours." : "Take it away; data stays.";
                sub.getCommandSpec().usageMessage().description(what);
                line.addSubcommand((installs ? "install-" : "uninstall-") + addon.command(), sub);
            }
        }
    }

    @Override
    public Integer call() throws IOException {
        Installation installation = tool.installation();
        Addon.Setting setting = new Addon.Setting(installation.units(), words);
        if (!words.isEmpty() && (addon != Addon.IPFS || !installs)) {
            tool.console().error("Unknown argument: " + words.getFirst() + ". Run with --help to see the usage.");
            return SetupTool.FAILED;
        }
        if (installation.refusesRoot((installs ? "install-" : "uninstall-") + addon.command())) {
            return SetupTool.FAILED;
        }
        return installs ? install(installation, setting) : uninstall(installation, setting);
    }

    private int install(Installation installation, Addon.Setting setting) throws IOException {
        Console console = tool.console();
        Machine machine = installation.units().machine();
        boolean needless = isBuiltIn(machine);
        if (needless) {
            console.info(builtIn());
        }
        List<Addon.Program> missing = addon.missing(machine);
        if (!missing.isEmpty()) {
            if (needless) {
                return 0;
            }
            missing.forEach(p -> console.error(p.name() + " (" + p.origin() + ") needs to be present under $PATH"));
            return SetupTool.FAILED;
        }
        UserUnits systemd = installation.systemd();
        if (!machine.hasSystemd() || !systemd.answers()) {
            console.error("Needs systemd (systemctl --user). Without it, run in the foreground:");
            console.print("  " + addon.commandLine(setting));
            return SetupTool.FAILED;
        }
        String engine = installation.units().serviceName();
        if (addon != Addon.BYPASS4NETNSD && !systemd.isInstalled(engine)) {
            console.error("Install " + engine + " first (`" + tool.program() + " install`)");
            return SetupTool.FAILED;
        }
        prepare(machine, setting);
        systemd.write(addon.unit(setting));
        String unit = addon.unitName(setting);
        if (!systemd.start(unit)) {
            return SetupTool.FAILED;
        }
        systemd.praise(unit);
        Optional<ProxyPlugin> plugin = addon.plugin(setting);
        return (plugin.isEmpty() || tell(plugin.get(), setting)) && hints(systemd, setting) ? 0 : SetupTool.FAILED;
    }

    /// What Kelp does itself.
    private boolean isBuiltIn(Machine machine) {
        return switch (addon) {
            case BYPASS4NETNSD -> true;
            case FUSE_OVERLAYFS -> !Survey.of(machine).named("overlayfs").isTrouble();
            default -> false;
        };
    }

    private String builtIn() {
        return addon == Addon.BYPASS4NETNSD
                ? "Kelp accelerates its containers itself (`--network-accel`): for them nothing more is needed. The"
                        + " daemon serves those of Podman and nerdctl."
                : "This kernel mounts overlayfs for users, so Kelp's own snapshotter is as fast as can be: nothing more"
                        + " is needed.";
    }

    private static void touch(Path file) throws IOException {
        Files.createDirectories(file.resolveSibling(""));
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
    }

    private void prepare(Machine machine, Addon.Setting setting) throws IOException {
        Optional<String> config = addon.config(setting);
        if (addon == Addon.STARGZ && config.isPresent()) {
            touch(machine.path(config.get()));
        }
        if (addon == Addon.IPFS) {
            Files.createDirectories(machine.path(addon.data(setting)));
        }
        if (addon == Addon.BUILDKIT_CONTAINERD
                && machine.variable("CONTAINERD_NAMESPACE").isEmpty()) {
            tool.console()
                    .warning("buildkitd sees the images of the namespace \"buildkit\"; for those of \"default\", run"
                            + " this with CONTAINERD_NAMESPACE=default");
        }
    }

    /// Prints the lines for containerd's configuration, or puts them there.
    private boolean tell(ProxyPlugin plugin, Addon.Setting setting) {
        Console console = tool.console();
        String file = setting.engine().folders().config() + "/containerd/config.toml";
        String restart = "`systemctl --user restart " + setting.engine().serviceName() + "`";
        if (!write) {
            console.info("Add the following lines to \"" + file + "\" (or let --write do it), and then run " + restart
                    + ":");
            console.print("### BEGIN ###");
            console.print(plugin.toml().stripTrailing());
            console.print("###  END  ###");
        } else {
            try {
                Path path = setting.engine().machine().path(file);
                Optional<Path> before = new ContainerdConfig(path).add(plugin);
                console.info(
                        before.equals(Optional.of(path))
                                ? "\"" + file + "\" has the snapshotter already"
                                : "Added the snapshotter to \"" + file + "\""
                                        + before.map(b -> ", the old one is " + b.getFileName())
                                                .orElse("") + "; now run " + restart);
            } catch (IOException e) {
                console.error("Add the snapshotter to \"" + file + "\": " + e.getMessage());
                return false;
            }
        }
        console.info("The snapshotter can be specified as $CONTAINERD_SNAPSHOTTER: `export CONTAINERD_SNAPSHOTTER="
                + plugin.name() + "`");
        console.warning("Kelp has no snapshotters by proxy yet: what is set up serves other clients of containerd");
        return true;
    }

    private boolean hints(UserUnits systemd, Addon.Setting setting) {
        if (addon == Addon.BYPASS4NETNSD) {
            tool.console()
                    .info("To use it, run containers with `--annotation nerdctl/bypass4netns=true`, e.g."
                            + " `nerdctl run --annotation nerdctl/bypass4netns=true`");
        }
        return addon != Addon.IPFS || configureIpfs(systemd, setting);
    }

    /// Its usual ports are those of many others.
    private boolean configureIpfs(UserUnits systemd, Addon.Setting setting) {
        String repository = "IPFS_PATH=" + addon.data(setting);
        String unit = addon.unitName(setting);
        systemd.show("stop", unit);
        Machine machine = setting.engine().machine();
        machine.programs().run(List.of("env", repository, "ipfs", "config", "Addresses.API", IPFS_API));
        machine.programs().run(List.of("env", repository, "ipfs", "config", "Addresses.Gateway", IPFS_GATEWAY));
        boolean runs = systemd.show("start", unit);
        tool.console().info("Set `export " + repository + "` to use ipfs; its API is at " + IPFS_API);
        return runs;
    }

    private int uninstall(Installation installation, Addon.Setting setting) throws IOException {
        Console console = tool.console();
        installation.systemd().remove(addon.unitName(setting));
        if (addon.keepsData()) {
            console.info("Data stays. To remove it, run: `" + installation.removal(addon.data(setting)) + "`");
        }
        Optional<String> config = addon.config(setting)
                .filter(f -> Files.exists(installation.units().machine().path(f)));
        config.ifPresent(f -> console.info("Its configuration stays, too: `rm -f " + f + "`"));
        return 0;
    }
}
