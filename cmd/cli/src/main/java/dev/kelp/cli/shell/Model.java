// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.shell.Commands.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// A command and picocli's model of it. Reading the annotations of `run` takes longer than parsing a command line, so
/// models of the commands that are called often are kept for the next call; one model serves one call at a time.
final class Model {
    /// Idle models kept of one command.
    private static final int IDLE_MAX = 8;

    /// Commands that scripts call in loops. `login` is not among them: what was typed must not stay in memory.
    private static final Set<String> KEPT =
            Set.of("run", "create", "start", "stop", "rm", "exec", "ps", "images", "inspect", "logs", "wait");

    private static final Map<Supplier<KelpCommand>, Queue<Model>> IDLE = new ConcurrentHashMap<>();

    private final KelpCommand command;
    private final CommandLine line;
    private GlobalFlags flags = new GlobalFlags();

    private Model(KelpCommand command) {
        this.command = command;
        this.line = new CommandLine(command);
        CommandSpec spec = line.getCommandSpec();
        List<String> help = new ArrayList<>(List.of("--help"));
        if (!spec.optionsMap().containsKey("-h")) {
            help.addFirst("-h");
        }
        spec.addOption(OptionSpec.builder(help.toArray(String[]::new))
                .usageHelp(true)
                .arity("0")
                .type(boolean.class)
                .description("print this")
                .build());
        GlobalFlags.addTo(spec, () -> flags);
        line.setExpandAtFiles(false)
                .setStopAtPositional(command.endsFlags())
                .setOverwrittenOptionsAllowed(true)
                .setInterpolateVariables(false)
                .setAllowOptionsAsOptionParameters(true);
    }

    /// A model for one call; [#giveBack] ends its use.
    static Model of(Row row) {
        Supplier<KelpCommand> factory = Objects.requireNonNull(row.factory());
        Queue<Model> idle = IDLE.get(factory);
        Model model = idle == null ? null : idle.poll();
        return model != null ? model : new Model(factory.get());
    }

    void giveBack(Row row) {
        if (KEPT.contains(row.name())) {
            Queue<Model> idle =
                    IDLE.computeIfAbsent(Objects.requireNonNull(row.factory()), f -> new ConcurrentLinkedQueue<>());
            if (idle.size() < IDLE_MAX) {
                idle.add(this);
            }
        }
    }

    /// Fills the command's fields.
    ///
    /// @param global set by those global flags that are among the arguments
    /// @return false when only help is wanted
    boolean parse(GlobalFlags global, List<String> arguments) {
        flags = global;
        return !line.parseArgs(arguments.toArray(String[]::new)).isUsageHelpRequested();
    }

    KelpCommand command() {
        return command;
    }

    CommandSpec spec() {
        return line.getCommandSpec();
    }
}
