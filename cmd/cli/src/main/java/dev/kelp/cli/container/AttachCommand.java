// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "attach",
        customSynopsis = "[OPTIONS] CONTAINER",
        description = "Connects to the streams of a running container. Several clients may be attached at once."
                + " ctrl-p ctrl-q detaches.",
        footer = "kelp attach --no-stdin web")
public final class AttachCommand extends dev.kelp.cli.KelpCommand {
    @Option(names = "--no-stdin", description = "do not pass standard input on")
    boolean noStdin;

    @Option(
            names = "--sig-proxy",
            defaultValue = "true",
            fallbackValue = "true",
            description = "pass signals on (default: true; never with a terminal)")
    boolean signalProxy;

    @Option(names = "--detach-keys", paramLabel = "KEYS", description = "keys that detach (default: ctrl-p,ctrl-q)")
    String detachKeys = Streams.DETACH_KEYS;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..1", paramLabel = "CONTAINER")
    @Nullable
    String named;

    @Override
    public int run(Invocation call) throws InterruptedException {
        String name = latest.or(call, named);
        // refused before anything runs that nobody would be attached to
        DetachKeys.parse(detachKeys);
        Containers containers = call.containers();
        Containers.ContainerDetail detail = containers.inspect(name);
        String id = detail.summary().id();
        Status status = detail.summary().state().status();
        if (status != Status.RUNNING) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "container `" + name + "` is not running: it is " + status.word());
        }
        boolean stdin = !noStdin && detail.spec().process().openStdin();
        CompletableFuture<Integer> exit = containers.exit(id);
        Attachment attachment = containers.attach(id, stdin);
        boolean signals = signalProxy && !attachment.terminal();
        if (signals) {
            Streams.forwardSignals(call, id);
        }
        call.client().attach(attachment, Streams.mode(stdin, signals, detachKeys, Streams.token(call, id)));
        return Streams.await(call, exit);
    }
}
