// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.model.KelpException;
import dev.kelp.network.ContainerNamespace;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// A few namespaces that are connected with the default network before containers need them. To connect one takes
/// milliseconds, more while others come and go: the kernel changes interfaces one after the other. To take one of these
/// takes none.
final class PreparedNamespaces {
    private static final System.Logger LOG = System.getLogger(PreparedNamespaces.class.getName());
    private static final int READY = 3;
    private static final long MAKING_MILLIS_MAX = 1000;

    private final Deque<Prepared> ready = new ArrayDeque<>();
    private final Executor threads;
    private final Supplier<Prepared> maker;
    private boolean filling;
    private boolean closed;

    /// @param end at the default network
    record Prepared(ContainerNamespace namespace, End end) {}

    /// @param maker makes another one; platform threads only
    PreparedNamespaces(Executor threads, Supplier<Prepared> maker) {
        this.threads = threads;
        this.maker = maker;
    }

    /// One that is the caller's, if there is one now. Others will follow.
    synchronized Optional<Prepared> take() {
        Optional<Prepared> first = Optional.ofNullable(ready.pollFirst());
        if (!filling && !closed) {
            filling = true;
            threads.execute(this::fill);
        }
        return first;
    }

    private void fill() {
        while (wantsMore()) {
            try {
                Prepared made = maker.get();
                if (!keep(made)) {
                    made.namespace().close();
                    return;
                }
            } catch (KelpException e) {
                // whoever needs one makes it and learns why it fails
                LOG.log(Level.DEBUG, "prepare a namespace", e);
                stopFilling();
                return;
            }
        }
    }

    private synchronized boolean wantsMore() {
        filling = !closed && ready.size() < READY;
        notifyAll();
        return filling;
    }

    private synchronized void stopFilling() {
        filling = false;
        notifyAll();
    }

    private synchronized boolean keep(Prepared made) {
        if (!closed) {
            ready.addLast(made);
            notifyAll();
        }
        return !closed;
    }

    /// The one that has an address, for somebody who wants that address; it is the caller's. Waits a moment for one
    /// that is being made.
    synchronized Optional<Prepared> takeWith(InetAddress address) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAKING_MILLIS_MAX);
        while (true) {
            Optional<Prepared> found = ready.stream()
                    .filter(p -> p.end().addresses().contains(address))
                    .findFirst();
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (found.isPresent() || !filling || left <= 0) {
                found.ifPresent(ready::remove);
                return found;
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
    }

    /// They go with their descriptors.
    synchronized void close() {
        closed = true;
        ready.forEach(p -> p.namespace().close());
        ready.clear();
    }
}
