// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.KelpException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Requests for ports that were given up without an answer. A program that stood still carries them out when it goes
/// on, so each is taken back: before the next request, and in the background when there is none.
final class GivenUp<T> {
    private static final long AGAIN_MILLIS = 1_000;

    private final Consumer<T> takeBack;
    private final Set<T> requests = new LinkedHashSet<>();

    /// @param takeBack undoes a request that was carried out; fine where it was not. Throws as long as there is no
    ///     answer
    GivenUp(Consumer<T> takeBack) {
        this.takeBack = takeBack;
    }

    /// Makes a request; what is thrown is the request's.
    synchronized <R> R ask(T what, Supplier<R> request) {
        takeAllBack();
        try {
            return request.get();
        } catch (KelpException e) {
            if (e.getCause() instanceof InterruptedIOException) {
                requests.add(what);
                Thread.ofPlatform().name("kelp-given-up").daemon(true).start(this::later);
            }
            throw e;
        }
    }

    private synchronized void takeAllBack() {
        for (Iterator<T> each = requests.iterator(); each.hasNext(); ) {
            takeBack.accept(each.next());
            each.remove();
        }
    }

    private void later() {
        boolean done = false;
        while (!done) {
            try {
                Thread.sleep(AGAIN_MILLIS);
                takeAllBack();
                done = true;
            } catch (KelpException e) {
                done = hasEnded(e);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// What it forwarded ended with it.
    private static boolean hasEnded(KelpException e) {
        return e.getCause() instanceof ConnectException
                || (e.getCause() instanceof SocketException s
                        && String.valueOf(s.getMessage()).contains("No such file"));
    }
}
