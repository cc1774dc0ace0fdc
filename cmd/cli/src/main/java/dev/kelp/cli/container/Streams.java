// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext.AttachEnd;
import dev.kelp.cli.ClientContext.AttachMode;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// The part of a command in which the client talks to a container.
final class Streams {
    static final String DETACH_KEYS = "ctrl-p,ctrl-q";

    private Streams() {}

    /// Gives the terminal of a container that is about to start the size of the user's, so that its program finds
    /// it.
    static void fit(Invocation call, String id, Attachment attachment) {
        if (attachment.terminal() && call.client().rows() > 0) {
            call.containers().resize(id, call.client().rows(), call.client().columns());
        }
    }

    /// Names a container's session for a client that has to come back.
    static String token(Invocation call, String id) {
        return "container:" + call.namespaceName() + ":" + id;
    }

    /// Passes the user's signals on to the container.
    static void forwardSignals(Invocation call, String id) {
        Containers containers = call.containers();
        call.client().onSignal(signal -> {
            try {
                containers.kill(id, Integer.toString(signal));
            } catch (KelpException e) {
                // it has just ended: its exit code is on the way
                if (e.kind() != ErrorKind.FAILED_PRECONDITION && e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        });
    }

    /// Waits for the exit code, or for the attachment's end when that is a detachment.
    ///
    /// @return the exit code; 0 after detaching
    static int await(Invocation call, CompletableFuture<Integer> exit) throws InterruptedException {
        CompletableFuture<AttachEnd> end = call.client().attachEnd();
        try {
            CompletableFuture.anyOf(exit, end).get();
        } catch (ExecutionException e) {
            // the cause is in one of the two: below
            return Invocation.await(exit);
        }
        if (!exit.isDone() && end.isDone() && Invocation.await(end) != AttachEnd.STREAM_ENDED) {
            return 0;
        }
        return Invocation.await(exit);
    }

    static AttachMode mode(boolean stdin, boolean signals, String keys, String token) {
        return new AttachMode(stdin, true, signals, keys, token);
    }
}
