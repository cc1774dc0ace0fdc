// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.ClientContext.ElsewhereException;
import dev.kelp.cli.ClientContext.OutputClosedException;
import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.GlobalFlags.UnknownFlagException;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.SettingsFile;
import dev.kelp.cli.Suggestions;
import dev.kelp.cli.format.Colour;
import dev.kelp.cli.shell.Commands.Row;
import dev.kelp.engine.Engine;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Runs one command line of a client.
public final class Shell {
    /// 128 + SIGINT.
    public static final int EXIT_INTERRUPTED = 130;

    /// Engine failures that no exit code of a container can be mistaken for.
    private static final int EXIT_NOT_EXECUTABLE = 126;

    private static final int EXIT_COMMAND_NOT_FOUND = 127;

    private static final int LINE_CHARS_MAX = 2000;
    private static final int CHARS_AFTER_CUT = 300;

    /// Commands that take turns.
    private static final Set<String> STARTING = Set.of("run", "create", "start");

    private static final System.Logger LOG = System.getLogger(Shell.class.getName());

    private final ClientContext client;
    private final Engine engine;
    private final GlobalFlags flags = new GlobalFlags();
    private @Nullable KelpCommand command;
    private String words;

    private Shell(ClientContext client, Engine engine) {
        this.client = client;
        this.engine = engine;
        this.words = client.programName();
    }

    /// Runs the client's arguments to their end. Errors are printed as `kelp: error: …` and `kelp: hint: …`.
    ///
    /// @return the exit code: the command's; 125, 126, 127 as Docker's; 130 when it was interrupted
    public static int execute(ClientContext client, Engine engine) {
        Shell shell = new Shell(client, engine);
        try {
            return shell.run();
        } catch (KelpException e) {
            return shell.failed(e);
        } catch (ParameterException e) {
            return shell.failed(shell.usage(e));
        } catch (UnknownFlagException e) {
            return shell.failed(shell.unknownFlag(e.flag()));
        } catch (InterruptedException e) {
            return shell.failed(new KelpException(ErrorKind.CANCELLED, "interrupted", e));
        } catch (OutputClosedException | ElsewhereException e) {
            throw e;
        } catch (InvalidPathException e) {
            return shell.failed(KelpException.invalid("invalid path `" + e.getInput() + "`: " + e.getReason()));
        } catch (RuntimeException e) {
            // a bug: the user gets a sentence, the log the place
            LOG.log(System.Logger.Level.ERROR, "command failed: " + client.arguments(), e);
            return shell.failed(new KelpException(ErrorKind.INTERNAL, "internal error: " + e, e)
                    .withHint("please report this; --debug shows where it happened"));
        }
    }

    private int run() throws InterruptedException {
        List<String> arguments = client.arguments();
        if (client.programName().equals(ContainerdWords.NAME)) {
            arguments = ContainerdWords.translate(arguments);
        } else if (!arguments.isEmpty() && arguments.getFirst().equals(ContainerdWords.NAME)) {
            arguments = ContainerdWords.translate(arguments.subList(1, arguments.size()));
        }
        int at = flags.parse(arguments);
        if (flags.version()) {
            client.out()
                    .append(client.programName() + " version " + engine.info().version())
                    .append('\n');
            return 0;
        }
        if (at < arguments.size() && arguments.get(at).equals(Completion.WORD)) {
            return candidates(String.join(" ", arguments.subList(at + 1, arguments.size())));
        }
        List<Row> rows = Commands.ROOT;
        boolean help = flags.help();
        if (at < arguments.size() && arguments.get(at).equals("help")) {
            help = true;
            at++;
        }
        while (at < arguments.size()) {
            String word = arguments.get(at++);
            if (word.equals("--help") || word.equals("-h")) {
                help = true;
                continue;
            }
            List<Row> level = rows;
            Row row = Commands.find(level, word).orElseThrow(() -> unknown(word, level));
            words = words + " " + row.name();
            if (row.factory() != null) {
                return command(row, arguments.subList(at, arguments.size()), help);
            }
            rows = row.children();
        }
        PrintStream out = help ? client.out() : client.err();
        TextPage page = new TextPage(client.columns());
        HelpPage.group(words, rows, rows.equals(Commands.ROOT), page);
        out.print(page);
        return help ? 0 : 1;
    }

    private int candidates(String line) {
        for (String c : Completion.of(new Invocation(client, engine, flags), line)) {
            client.out().append(c).append('\n');
        }
        return 0;
    }

    private KelpException unknownFlag(String flag) {
        List<String> names =
                GlobalFlags.ROWS.stream().flatMap(r -> r.names().stream()).toList();
        return KelpException.invalid("unknown flag: " + flag)
                .withHint(Suggestions.closest(flag, names)
                        .map(s -> "did you mean " + s + "?")
                        .orElse("`" + client.programName() + " --help` lists the flags before a command"));
    }

    private KelpException unknown(String word, List<Row> rows) {
        KelpException e = KelpException.invalid("unknown command `" + words + " " + word + "`");
        List<String> names = rows.stream().flatMap(r -> r.names().stream()).toList();
        return e.withHint(Suggestions.closest(word, names)
                .map(s -> "did you mean `" + words + " " + s + "`?")
                .orElse("`" + words + " --help` lists the commands"));
    }

    private int command(Row row, List<String> arguments, boolean help) throws InterruptedException {
        if (help || !STARTING.contains(row.name())) {
            return command(row, arguments, help, () -> {});
        }
        StartTurns.Turn turn = StartTurns.OF_ALL_CLIENTS.take();
        try {
            return command(row, arguments, false, turn::end);
        } finally {
            turn.end();
        }
    }

    private int command(Row row, List<String> arguments, boolean help, Runnable started) throws InterruptedException {
        Model model = Model.of(row);
        command = model.command();
        try {
            if (help || !model.parse(flags, arguments)) {
                TextPage page = new TextPage(client.columns());
                HelpPage.command(words, row, model.spec(), page);
                client.out().print(page);
                return 0;
            }
            SettingsFile.Settings settings = SettingsFile.load(client);
            flags.complete(client.variables(), settings.values());
            Invocation call = new Invocation(client, engine, flags, started);
            IdleFlags.tell(call, settings);
            return model.command().run(call);
        } finally {
            model.giveBack(row);
        }
    }

    /// A line without what nobody would read: a word of megabytes that was typed.
    private static String cut(String line) {
        return line.length() <= LINE_CHARS_MAX
                ? line
                : line.substring(0, LINE_CHARS_MAX - CHARS_AFTER_CUT) + " … "
                        + line.substring(line.length() - CHARS_AFTER_CUT);
    }

    private KelpException usage(ParameterException e) {
        // a flag whose setter refused its value
        for (Throwable t = e.getCause(); t != null; t = t.getCause()) {
            if (t instanceof KelpException k) {
                return k;
            }
        }
        String more = "`" + words + " --help` explains the flags";
        if (e instanceof UnmatchedArgumentException u) {
            String word = u.getUnmatched().getFirst();
            if (word.startsWith("-") && word.length() > 1) {
                String flag = word.indexOf('=') > 0 ? word.substring(0, word.indexOf('=')) : word;
                return KelpException.invalid("unknown flag: " + flag)
                        .withHint(Suggestions.closest(
                                        flag,
                                        u.getCommandLine()
                                                .getCommandSpec()
                                                .optionsMap()
                                                .keySet())
                                .map(s -> "did you mean " + s + "?")
                                .orElse(more));
            }
            return KelpException.invalid("unexpected argument `" + word + "`").withHint(more);
        }
        if (e instanceof MissingParameterException m && !m.getMissing().isEmpty()) {
            String missing = m.getMissing().stream()
                    .map(a -> a.isOption() ? ((OptionSpec) a).longestName() : a.paramLabel())
                    .collect(Collectors.joining(", "));
            boolean option = m.getMissing().getFirst().isOption();
            return KelpException.invalid((option ? "flag needs an argument: " : "`" + words + "` needs ") + missing)
                    .withHint(more);
        }
        String text = String.valueOf(e.getMessage());
        return KelpException.invalid(text.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + text.substring(1))
                .withHint(more);
    }

    private int failed(KelpException e) {
        PrintStream err = client.err();
        client.out().flush();
        String name = client.programName();
        boolean colours = Colour.isWanted(client, client.errorIsTerminal());
        String[] lines = String.valueOf(e.getMessage()).split("\n");
        for (String line : lines) {
            err.append(name + ": " + (colours ? Colour.RED.paint("error:") : "error:") + " " + cut(line) + "\n");
        }
        Optional<String> hint = e.hint().isEmpty() && e.kind() == ErrorKind.NOT_FOUND
                ? NearNames.of(new Invocation(client, engine, flags), lines[0])
                : e.hint();
        hint.ifPresent(h -> err.append(name + ": hint: " + cut(h) + "\n"));
        if (flags.debug()) {
            e.printStackTrace(err);
        }
        err.flush();
        return switch (e.kind()) {
            case CANCELLED -> EXIT_INTERRUPTED;
            case NOT_EXECUTABLE -> EXIT_NOT_EXECUTABLE;
            case COMMAND_NOT_FOUND -> EXIT_COMMAND_NOT_FOUND;
            default -> command == null ? 1 : command.errorCode();
        };
    }
}
