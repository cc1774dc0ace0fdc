// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext.AttachMode;
import dev.kelp.cli.ClientContext.Output;
import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "run",
        customSynopsis = "[OPTIONS] IMAGE [COMMAND [ARGUMENT…]]",
        description = {
            "Makes a container of IMAGE and starts it. An image that is not here is pulled first. Everything after"
                    + " IMAGE belongs to the container.",
            "Without -d the command's output appears here, signals are passed on, and the exit code is the container's."
                    + " With -it, ctrl-p ctrl-q detaches and leaves the container running."
        },
        exitCodeList = {
            "0-255:the exit code of the container's process; 128+N when signal N ended it",
            "125:Kelp itself failed",
            "126:the command cannot be executed",
            "127:the command does not exist"
        },
        footer = {
            "kelp run -it --rm alpine                     a shell that leaves nothing behind",
            "kelp run -d --name web nginx                 in the background",
            "kelp run --rm -v \"$PWD\":/w -w /w maven mvn test",
            "kelp run --rm -it --rootfs / bash            a throw-away view of this machine"
        })
public final class RunCommand extends CreatingCommand {
    @Option(
            names = {"-d", "--detach"},
            description = "leave it in the background and print its id")
    boolean detach;

    @Option(
            names = "--sig-proxy",
            defaultValue = "true",
            fallbackValue = "true",
            description = "pass signals on to the process (default: true; never with a terminal)")
    boolean signalProxy;

    @Option(names = "--detach-keys", paramLabel = "KEYS", description = "keys that detach (default: ctrl-p,ctrl-q)")
    String detachKeys = Streams.DETACH_KEYS;

    @Option(
            names = {"-a", "--attach"},
            paramLabel = "STREAM",
            description = "attach only these of stdin, stdout and stderr")
    List<String> attach = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        // refused before anything runs that nobody would be attached to
        DetachKeys.parse(detachKeys);
        if (detach && !attach.isEmpty()) {
            throw KelpException.invalid("-d and -a exclude each other");
        }
        boolean stdin = process.interactive() && attaches("stdin");
        Output output = outputAttached();
        boolean terminalNeeded = process.tty() && stdin && !detach;
        if (terminalNeeded && !call.client().inputIsTerminal()) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "the input device is not a terminal")
                    .withHint("leave out -t when input comes from a pipe or file");
        }
        String id = create(call, !detach && stdin, true);
        Containers containers = call.containers();
        if (files.mayGive()) {
            giveMounts(call, id);
        }
        if (detach) {
            start(call, id);
            call.out().append(id).append('\n');
            return 0;
        }
        AttachMode mode =
                new AttachMode(stdin, output, signalProxy && !process.tty(), detachKeys, Streams.token(call, id));
        Attachment attachment = attach(containers, id, stdin);
        CompletableFuture<Integer> exit;
        try {
            Streams.fit(call, id, attachment);
            start(call, id);
            exit = containers.exit(id);
            if (mode.signals()) {
                Streams.forwardSignals(call, id);
            }
        } catch (KelpException e) {
            attachment.close();
            throw e;
        }
        call.client().attach(attachment, mode);
        return Streams.await(call, exit);
    }

    private Attachment attach(Containers containers, String id, boolean stdin) {
        try {
            return containers.attach(id, stdin);
        } catch (KelpException e) {
            throw notStarted(containers, id, e);
        }
    }

    private void giveMounts(Invocation call, String id) {
        try {
            Starting.giveMounts(call, id);
        } catch (KelpException e) {
            throw notStarted(call.containers(), id, e);
        }
    }

    private void start(Invocation call, String id) {
        Containers containers = call.containers();
        try {
            containers.start(id);
            call.started().run();
            if (starting.pidFile()) {
                PidFile.write(call.client(), containers, id);
            }
        } catch (KelpException e) {
            throw notStarted(containers, id, e);
        }
    }

    /// One that does not start and was to be removed anyway is removed.
    private KelpException notStarted(Containers containers, String id, KelpException reason) {
        if (lifecycle.autoRemove()) {
            discard(containers, id, reason);
        }
        return reason;
    }

    private static void discard(Containers containers, String id, KelpException reason) {
        try {
            containers.remove(id, true, true);
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                reason.addSuppressed(e);
            }
        }
    }

    private boolean attaches(String stream) {
        return attach.isEmpty() || attach.stream().anyMatch(a -> a.equalsIgnoreCase(stream));
    }

    private Output outputAttached() {
        for (String a : attach) {
            if (!List.of("stdin", "stdout", "stderr").contains(a.toLowerCase(Locale.ROOT))) {
                throw KelpException.invalid("invalid --attach `" + a + "`").withHint("use stdin, stdout or stderr");
            }
        }
        boolean stdout = attaches("stdout");
        if (stdout == attaches("stderr") || process.tty()) {
            return stdout || attaches("stderr") ? Output.BOTH : Output.NONE;
        }
        return stdout ? Output.STDOUT : Output.STDERR;
    }

    /// For tests: the flags as parsed.
    @Nullable
    String detachKeys() {
        return detachKeys;
    }
}
