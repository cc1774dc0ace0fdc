// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Programs;
import dev.kelp.setup.service.EngineProgram;
import dev.kelp.setup.service.EngineUnits;
import dev.kelp.setup.service.UserFolders;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The tool by all its names.
@Command(
        name = "kelp setup",
        description = "Set up this machine and this user for containers.",
        subcommands = {CheckCommand.class, InstallCommand.class, UninstallCommand.class, AppArmorCommand.class},
        footerHeading = "%n",
        footer = {
            "  nsenter [--] COMMAND   Enter the namespaces of the running engine, in this folder, with this"
                    + " environment.",
            "",
            "Called as @|bold containerd-rootless-setuptool.sh|@ or @|bold containerd-rootless-systemd.sh|@ it prints"
                    + " the lines of that program."
        })
final class SetupTool implements Callable<Integer> {
    static final int FAILED = 1;

    private static final Set<String> COMPATIBLE =
            Set.of("containerd-rootless-setuptool.sh", "containerd-rootless-systemd.sh");

    private final String name;
    private final Console console;
    private final Map<String, String> variables;
    private final Programs programs;
    private final Supplier<Machine> machine;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    SetupTool(String name, Console console, Map<String, String> variables, Programs programs) {
        this(
                name,
                console,
                variables,
                programs,
                () -> Machine.here(variables, "", programs).orElseThrow());
    }

    /// @param machine as its caller sees it
    SetupTool(
            String name, Console console, Map<String, String> variables, Programs programs, Supplier<Machine> machine) {
        this.name = name;
        this.console = console;
        this.variables = Map.copyOf(variables);
        this.programs = programs;
        this.machine = machine;
    }

    /// Runs one command.
    ///
    /// @return the exit code
    int run(List<String> words) {
        CommandLine line = new CommandLine(this)
                .setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        console.coloured() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setParameterExceptionHandler((e, w) -> wrong(e));
        line.setCommandName(program());
        AddonCommand.addTo(line, this);
        return line.execute(words.toArray(String[]::new));
    }

    private int wrong(ParameterException e) {
        boolean command = e instanceof UnmatchedArgumentException u
                && e.getCommandLine().getCommand() == this
                && !u.getUnmatched().getFirst().startsWith("-");
        console.error(
                command
                        ? "Unknown command: "
                                + ((UnmatchedArgumentException) e)
                                        .getUnmatched()
                                        .getFirst() + ". Run with --help to see the usage."
                        : e.getMessage() + ". Run with --help to see the usage.");
        return FAILED;
    }

    @Override
    public Integer call() {
        console.error("No command was specified. Run with --help to see the usage. Maybe you want to run `" + program()
                + " install`?");
        return FAILED;
    }

    Console console() {
        return console;
    }

    Map<String, String> variables() {
        return variables;
    }

    Programs programs() {
        return programs;
    }

    /// What the user types to call this.
    String program() {
        return isCompatible() ? name : "kelp setup";
    }

    boolean isCompatible() {
        return COMPATIBLE.contains(name);
    }

    Installation installation() {
        return installation(machine());
    }

    /// The machine for its caller.
    Machine machine() {
        return machine.get();
    }

    Installation installation(Machine machine) {
        EngineProgram program = EngineProgram.of(machine, workingDirectory());
        String stem = isCompatible() ? EngineUnits.CONTAINERD : EngineUnits.KELP;
        return new Installation(console, new EngineUnits(stem, machine, UserFolders.of(machine), program), program());
    }

    private static Path workingDirectory() {
        try {
            return Path.of("/proc/self/cwd").toRealPath();
        } catch (IOException e) {
            return Path.of("/"); // it was removed
        }
    }

    boolean isRoot() {
        return Machine.here(variables, "", programs).map(m -> m.user().isRoot()).orElse(false);
    }
}
