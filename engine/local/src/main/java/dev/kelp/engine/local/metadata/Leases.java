// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/// Keeps alive what no name reaches yet. A [Lease] survives this process until it expires: what an interrupted pull
/// has fetched waits there to be resumed. A [Pin] ends with this process and costs nothing.
///
/// Whoever wants to use something without a name first retains it and only then looks whether it is there: a collection
/// that runs meanwhile has either removed it before, or sees the lease and leaves it alone.
public final class Leases {
    private final Database database;
    private final ConcurrentHashMap<String, Integer> pinned = new ConcurrentHashMap<>();
    private final ReadWriteLock reach = new ReentrantReadWriteLock();

    public Leases(Database database) {
        this.database = database;
    }

    /// Makes a lease that ends by itself after `life`, counted from now.
    public Lease open(Duration life) {
        String id = UUID.randomUUID().toString();
        Instant now = Instant.now();
        database.writeRelaxed(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("INSERT INTO leases (id, created, expires) VALUES (?, ?, ?)")) {
                s.setString(1, id);
                s.setLong(2, now.toEpochMilli());
                s.setLong(3, now.plus(life).toEpochMilli());
                return s.executeUpdate();
            }
        });
        return new Lease(id);
    }

    /// Keeps nodes, and all they lead to, alive until it is closed.
    public Pin pin(Collection<String> nodes) {
        List<String> held = List.copyOf(nodes);
        reach.readLock().lock();
        try {
            held.forEach(n -> pinned.merge(n, 1, Integer::sum));
        } finally {
            reach.readLock().unlock();
        }
        return new Pin(held);
    }

    /// Runs `work` while nothing new is retained.
    <T> T exclusively(Supplier<T> work) {
        reach.writeLock().lock();
        try {
            return work.get();
        } finally {
            reach.writeLock().unlock();
        }
    }

    /// The pinned nodes, as a JSON array.
    String pinnedJson() {
        return new String(OciJson.write(pinned.keySet()), StandardCharsets.UTF_8);
    }

    /// Forgets leases that have ended, and the snapshots of all: at a start nobody is writing to them any more, and
    /// an
    /// unpacking that was interrupted cannot go on.
    public void recover() {
        long now = System.currentTimeMillis();
        database.writeEssentialRelaxed(c -> {
            try (PreparedStatement expired = c.prepareStatement("DELETE FROM leases WHERE expires <= ?");
                    PreparedStatement snapshots = c.prepareStatement("DELETE FROM lease_nodes WHERE node LIKE '%/%'")) {
                expired.setLong(1, now);
                expired.executeUpdate();
                return snapshots.executeUpdate();
            }
        });
    }

    /// A stay of execution that is kept in the database. Closing it leaves it to its expiry.
    public final class Lease {
        private final String id;

        private Lease(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }

        /// Keeps these nodes, and all they lead to, alive.
        public void retain(Collection<String> nodes) {
            reach.readLock().lock();
            try {
                database.writeRelaxed(c -> {
                    try (PreparedStatement s =
                            c.prepareStatement("INSERT OR IGNORE INTO lease_nodes (lease, node) VALUES (?, ?)")) {
                        for (String node : nodes) {
                            s.setString(1, id);
                            s.setString(2, node);
                            s.executeUpdate();
                        }
                        return true;
                    }
                });
            } finally {
                reach.readLock().unlock();
            }
        }

        /// Ends the lease now: everything has a name, or nobody wants it.
        public void release() {
            database.writeEssentialRelaxed(c -> {
                try (PreparedStatement s = c.prepareStatement("DELETE FROM leases WHERE id = ?")) {
                    s.setString(1, id);
                    return s.executeUpdate();
                }
            });
        }
    }

    /// Nodes kept alive by this process.
    public final class Pin implements AutoCloseable {
        private final List<String> nodes;
        private boolean open = true;

        private Pin(List<String> nodes) {
            this.nodes = nodes;
        }

        @Override
        public synchronized void close() {
            if (open) {
                open = false;
                nodes.forEach(n -> pinned.computeIfPresent(n, (key, count) -> count == 1 ? null : count - 1));
            }
        }
    }

    /// For tests and `info`: what is pinned now.
    public Map<String, Integer> pins() {
        return Map.copyOf(pinned);
    }
}
