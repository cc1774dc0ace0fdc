// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.model.KelpException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Ends of containers that have ended. Their interfaces go with the last process of the namespace; to take one away
/// makes the kernel wait for all processors while nobody else can change interfaces (15 ms), so it is done only for
/// those that are still there after a while. Until then nobody else gets their addresses.
final class Departures {
    private static final System.Logger LOG = System.getLogger(Departures.class.getName());
    private static final long LATER_MILLIS = 500;

    private final Map<InetAddress, String> leaving = new ConcurrentHashMap<>();
    private final Executor threads;

    Departures(Executor threads) {
        this.threads = threads;
    }

    /// @param remove takes an interface away, if it is there
    void add(Collection<End> ends, Consumer<String> remove) {
        for (End end : ends) {
            end.addresses().forEach(a -> leaving.put(a, end.outside()));
            CompletableFuture.delayedExecutor(LATER_MILLIS, TimeUnit.MILLISECONDS, threads)
                    .execute(() -> finish(end, remove));
        }
    }

    private void finish(End end, Consumer<String> remove) {
        try {
            remove.accept(end.outside());
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "an interface stays: {0}", e.getMessage());
        }
        end.addresses().forEach(a -> leaving.remove(a, end.outside()));
    }

    /// Not to be given to others yet.
    Collection<InetAddress> addresses() {
        return List.copyOf(leaving.keySet());
    }

    /// Returns when nobody else answers at the address any more.
    void awaitLeft(InetAddress address, Consumer<String> remove) {
        String outside = leaving.get(address);
        if (outside != null) {
            remove.accept(outside);
            leaving.remove(address, outside);
        }
    }
}
