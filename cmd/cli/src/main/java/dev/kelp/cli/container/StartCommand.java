// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "start",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Starts containers that were made or have ended.",
        footer = {"kelp start web", "kelp start -ai shell     and talk to it"})
public final class StartCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-a", "--attach"},
            description = "show its output, pass signals on, give back its exit code")
    boolean attach;

    @Option(
            names = {"-i", "--interactive"},
            description = "pass standard input on")
    boolean interactive;

    @Option(names = "--detach-keys", paramLabel = "KEYS", description = "keys that detach (default: ctrl-p,ctrl-q)")
    String detachKeys = Streams.DETACH_KEYS;

    @Option(
            names = "--checkpoint",
            paramLabel = "CHECKPOINT",
            description = "from a checkpoint; there are none: see `kelp checkpoint create --help`")
    @Nullable
    String checkpoint;

    @Option(names = "--checkpoint-dir", paramLabel = "DIRECTORY", hidden = true, description = "where it is kept")
    @Nullable
    String checkpointDirectory;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = latest.or(call, names);
        // refused before anything runs that nobody would be attached to
        DetachKeys.parse(detachKeys);
        if (checkpoint != null) {
            throw dev.kelp.cli.checkpoint.RemoveCommand.missing(call, chosen.getFirst(), checkpoint);
        }
        Containers containers = call.containers();
        if (!attach && !interactive) {
            return Each.printing(call, chosen, name -> {
                Starting.prepare(call, name);
                containers.start(name);
                PidFile.write(call.client(), containers, name);
            });
        }
        if (chosen.size() > 1) {
            throw KelpException.invalid("only one container can be started and attached at once");
        }
        String id = containers.resolve(chosen.getFirst());
        Starting.prepare(call, id);
        Attachment attachment = containers.attach(id, interactive);
        CompletableFuture<Integer> exit;
        try {
            Streams.fit(call, id, attachment);
            containers.start(id);
            call.started().run();
            exit = containers.exit(id);
            PidFile.write(call.client(), containers, id);
        } catch (KelpException e) {
            attachment.close();
            throw e;
        }
        boolean signals = !attachment.terminal();
        if (signals) {
            Streams.forwardSignals(call, id);
        }
        call.client().attach(attachment, Streams.mode(interactive, signals, detachKeys, Streams.token(call, id)));
        return Streams.await(call, exit);
    }
}
