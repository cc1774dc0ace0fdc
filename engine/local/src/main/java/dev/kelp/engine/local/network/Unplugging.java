// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.rootless.Holder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/// Plugins that undo their networks. They are programs, and a daemon that is not [Holder#isReady()] is told of no exit:
/// what it takes away while it starts is done beside, and only the container's next connection waits for it.
final class Unplugging {
    private final Holder holder;
    private final Executor threads;
    private final Map<String, CompletableFuture<Void>> running = new ConcurrentHashMap<>();

    /// @param threads platform threads
    Unplugging(Holder holder, Executor threads) {
        this.holder = holder;
        this.threads = threads;
    }

    /// Undoes what plugins made for a container whose namespace is gone.
    void run(Plumbing works, Attachment attachment) {
        List<End> plugged =
                attachment.ends().stream().filter(e -> e.plugged() != null).toList();
        if (plugged.isEmpty()) {
            return;
        }
        Runnable undo = () -> plugged.forEach(e -> PluggedEnds.delete(works, attachment, e, ""));
        if (holder.isReady()) {
            undo.run();
            return;
        }
        String container = attachment.container();
        CompletableFuture<Void> done = CompletableFuture.runAsync(undo, threads);
        running.put(container, done);
        var _ = done.whenComplete((ok, failed) -> running.remove(container, done));
    }

    /// Returns when nothing of a container is being undone; never called before the daemon is ready.
    void await(String container) {
        CompletableFuture<Void> undone = running.get(container);
        if (undone != null) {
            undone.join();
        }
    }
}
