// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.service.InitFiles;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "install",
        description = "Make the engine a service of yours, which starts with your session or, with lingering, at boot.",
        customSynopsis = {"@|bold kelp setup install|@ [--force] [--socket | --init NAME [--to DIR] [--user NAME]]"},
        footerHeading = "%nEXIT STATUS%n",
        footer = {
            "  0 when the service runs, or was there; 1 when not.",
            "",
            "SETTINGS",
            "  Variables such as CONTAINERD_ROOTLESS_ROOTLESSKIT_NET that are set now go into the unit. Later ones go",
            "  into a drop-in (`systemctl --user edit kelp`), and count after `systemctl --user restart kelp`. Those",
            "  of the network wait until no container runs.",
            "",
            "EXAMPLES",
            "  kelp setup install",
            "  kelp setup install --socket           start with the first command",
            "  kelp setup install --init openrc      print what root puts in place where systemd is not",
            "  kelp system start --foreground        no service at all",
            "",
            "SEE ALSO",
            "  systemd.service(5), loginctl(1)"
        })
final class InstallCommand implements Callable<Integer> {
    @ParentCommand
    private @Nullable SetupTool parent;

    @Option(
            names = {"-f", "--force"},
            description = "Install although the check says that no container can run.")
    private boolean force;

    @Option(names = "--socket", description = "Have systemd listen, and start the engine with the first command.")
    private boolean socket;

    @Option(
            names = "--init",
            paramLabel = "NAME",
            description = "Print the files of another init: openrc, runit or s6.")
    private String init = "";

    @Option(names = "--to", paramLabel = "DIR", description = "With --init: write them below DIR, `/` for their place.")
    private String folder = "";

    @Option(names = "--user", paramLabel = "NAME", description = "With --init, as root: for this user.")
    private String user = "";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    @Override
    public Integer call() throws IOException {
        SetupTool tool = Objects.requireNonNull(parent);
        if (init.isEmpty() && (!user.isEmpty() || !folder.isEmpty())) {
            tool.console().error("--user and --to go with --init");
            return SetupTool.FAILED;
        }
        Optional<Machine> machine =
                user.isEmpty() ? Optional.of(tool.machine()) : Machine.here(tool.variables(), user, tool.programs());
        if (machine.isEmpty()) {
            tool.console().error("There is no user " + user + " in /etc/passwd");
            return SetupTool.FAILED;
        }
        Installation installation = tool.installation(machine.get());
        if (init.isEmpty()) {
            return installation.install(force, socket);
        }
        Optional<InitFiles> known = InitFiles.named(init);
        if (known.isEmpty()) {
            tool.console().error("Unknown init " + init + ": " + InitFiles.names());
            return SetupTool.FAILED;
        }
        if (machine.get().user().isRoot()) {
            tool.console().error("Name the user whose engine it is: --user NAME");
            return SetupTool.FAILED;
        }
        return installation.initFiles(known.get(), folder);
    }
}
