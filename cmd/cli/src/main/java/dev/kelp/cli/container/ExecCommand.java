// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.flags.EnvFile;
import dev.kelp.engine.Containers.ExecSession;
import dev.kelp.engine.Containers.ExecSpec;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "exec",
        customSynopsis = "[OPTIONS] CONTAINER COMMAND [ARGUMENT…]",
        description = "Runs another process in a running container. The exit code is that process'.",
        exitCodeList = {
            "0-255:the exit code of the process",
            "126:the command cannot be executed",
            "127:the command does not exist"
        },
        footer = {"kelp exec -it web sh", "kelp exec -u root -e DEBUG=1 web id", "kelp exec -l ps"})
public final class ExecCommand extends dev.kelp.cli.KelpCommand {
    private static final int NOT_EXECUTABLE = 126;
    private static final int COMMAND_NOT_FOUND = 127;

    @Option(
            names = {"-i", "--interactive"},
            description = "pass standard input on")
    boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give it a terminal")
    boolean tty;

    @Option(
            names = {"-d", "--detach"},
            description = "leave it in the background")
    boolean detach;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME[=VALUE]",
            description = "set a variable; a bare name takes yours")
    List<String> env = new ArrayList<>();

    @Option(names = "--env-file", paramLabel = "FILE", description = "read variables, one NAME[=VALUE] a line")
    List<String> envFiles = new ArrayList<>();

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "name or id to run as")
    @Nullable
    String user;

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory")
    @Nullable
    String workdir;

    @Option(names = "--privileged", description = "give it all capabilities")
    boolean privileged;

    @Option(names = "--detach-keys", paramLabel = "KEYS", description = "keys that detach (default: ctrl-p,ctrl-q)")
    String detachKeys = Streams.DETACH_KEYS;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "1..*", paramLabel = "CONTAINER COMMAND")
    List<String> words = new ArrayList<>();

    @Override
    public boolean endsFlags() {
        return true;
    }

    @Override
    public int run(Invocation call) throws InterruptedException {
        // refused before anything runs that nobody would be attached to
        DetachKeys.parse(detachKeys);
        ClientContext client = call.client();
        if (tty && interactive && !detach && !client.inputIsTerminal()) {
            throw KelpException.invalid("the input device is not a terminal")
                    .withHint("leave out -t when input comes from a pipe or file");
        }
        if (!latest.isSet() && words.size() < 2) {
            throw KelpException.invalid("exec needs a container and a command");
        }
        String container = latest.or(call, latest.isSet() ? null : words.getFirst());
        ExecSpec spec = new ExecSpec(
                latest.isSet() ? words : words.subList(1, words.size()),
                EnvFile.environment(client, envFiles, env),
                user,
                workdir,
                tty,
                interactive && !detach,
                privileged,
                detach,
                client.rows(),
                client.columns());
        ExecSession session = call.containers().exec(container, spec);
        if (detach) {
            return 0;
        }
        client.attach(session, Streams.mode(interactive, false, detachKeys, session.token()));
        try {
            return Streams.await(call, session.exit());
        } catch (KelpException e) {
            // the OCI runtime has said it on the same standard error
            return switch (e.kind()) {
                case NOT_EXECUTABLE -> NOT_EXECUTABLE;
                case COMMAND_NOT_FOUND -> COMMAND_NOT_FOUND;
                default -> throw e;
            };
        }
    }
}
