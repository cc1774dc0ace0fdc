// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.event;

import dev.kelp.engine.Events;
import dev.kelp.engine.Events.Event;
import dev.kelp.engine.Events.EventQuery;
import dev.kelp.engine.Events.EventSink;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.type.TypeReference;

/// The events of all namespaces, in one order. A namespace's clients see its own and those of what the whole engine
/// shares.
public final class EventLog implements AutoCloseable {
    private static final Logger LOG = System.getLogger(EventLog.class.getName());

    /// How long events wait for others to be written with.
    private static final long LINGER_MILLIS = 100;

    /// The namespace of what belongs to none, such as networks: everybody is told.
    public static final String EVERY_NAMESPACE = "";

    private static final int PAGE_ROWS = 500;
    private static final long NANOS = 1_000_000_000L;

    private final Database database;
    private final ScheduledExecutorService timer;
    private final CopyOnWriteArrayList<Subscriber> subscribers = new CopyOnWriteArrayList<>();
    private final Object writing = new Object();

    /// Guarded by this object: the order of numbers is the order of events.
    private ArrayDeque<Numbered> pending = new ArrayDeque<>();

    private long last;
    private boolean closed;

    private record Numbered(long number, String namespace, Event event) {}

    private static final class Subscriber {
        final String namespace;
        final EventQuery query;
        final BlockingQueue<Numbered> waiting = new LinkedBlockingQueue<>(Events.HISTORY_MAX);
        volatile boolean overrun;

        Subscriber(String namespace, EventQuery query) {
            this.namespace = namespace;
            this.query = query;
        }

        void offer(Numbered e) {
            boolean ours = e.namespace.equals(namespace) || e.namespace.equals(EVERY_NAMESPACE);
            if (ours && query.filter().test(e.event) && !waiting.offer(e)) {
                overrun = true;
            }
        }
    }

    /// @param timer what writes the events, a moment after they happened
    public EventLog(Database database, ScheduledExecutorService timer) {
        this.database = database;
        this.timer = timer;
        this.last = database.read(c -> {
            try (PreparedStatement s = c.prepareStatement("SELECT max(number) FROM events");
                    ResultSet r = s.executeQuery()) {
                return r.next() ? r.getLong(1) : 0L;
            }
        });
    }

    /// Something happened. Waits for nobody.
    public void publish(String namespace, Event event) {
        synchronized (this) {
            if (closed) {
                return;
            }
            Numbered numbered = new Numbered(++last, namespace, event);
            if (pending.isEmpty()) {
                var _ = timer.schedule(this::flush, LINGER_MILLIS, TimeUnit.MILLISECONDS);
            }
            pending.add(numbered);
            subscribers.forEach(s -> s.offer(numbered));
        }
    }

    /// Writes what was published so far.
    private void flush() {
        synchronized (writing) {
            ArrayDeque<Numbered> batch;
            synchronized (this) {
                batch = pending;
                pending = new ArrayDeque<>();
            }
            if (batch.isEmpty()) {
                return;
            }
            try {
                database.writeRelaxed(c -> {
                    try (PreparedStatement s = c.prepareStatement(
                            "INSERT INTO events (number, namespace, time, type, action, actor, attributes)"
                                    + " VALUES (?, ?, ?, ?, ?, ?, ?)")) {
                        for (Numbered n : batch) {
                            bind(s, n);
                            s.executeUpdate();
                        }
                    }
                    return true;
                });
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "cannot keep " + batch.size() + " events", e);
            }
        }
    }

    private static void bind(PreparedStatement s, Numbered n) throws SQLException {
        Event e = n.event;
        s.setLong(1, n.number);
        s.setString(2, n.namespace);
        s.setLong(3, nanos(e.time()));
        s.setString(4, e.type());
        s.setString(5, e.action());
        s.setString(6, e.actor());
        s.setString(7, OciJson.mapper().writeValueAsString(e.attributes()));
    }

    private static long nanos(Instant time) {
        return time.getEpochSecond() * NANOS + time.getNano();
    }

    /// The events of one namespace, and of what all share.
    public Events in(String namespace) {
        return (query, sink) -> stream(namespace, query, sink);
    }

    private void stream(String namespace, EventQuery query, EventSink sink) {
        Subscriber subscriber = new Subscriber(namespace, query);
        long past;
        synchronized (this) {
            subscribers.add(subscriber);
            past = last;
        }
        try {
            if (query.since() == null || replay(subscriber, past, sink)) {
                follow(subscriber, sink);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "interrupted while waiting for events", e);
        } finally {
            subscribers.remove(subscriber);
        }
    }

    /// Page by page, as the sink may take its time. False when it wants no more.
    private boolean replay(Subscriber subscriber, long past, EventSink sink) {
        flush();
        Instant since = subscriber.query.since();
        Instant until = subscriber.query.until();
        long from = since == null ? Long.MAX_VALUE : nanos(since);
        long to = until == null ? Long.MAX_VALUE : nanos(until);
        long after = 0;
        List<Numbered> page;
        do {
            page = page(subscriber.namespace, after, past);
            for (Numbered n : page) {
                long time = nanos(n.event.time());
                if (time >= from && time <= to && subscriber.query.filter().test(n.event) && !sink.event(n.event)) {
                    return false;
                }
                after = n.number;
            }
        } while (page.size() == PAGE_ROWS);
        return true;
    }

    private List<Numbered> page(String namespace, long after, long upTo) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT number, time, type, action, actor, attributes FROM events"
                            + " WHERE number > ? AND number <= ? AND namespace IN (?, '') ORDER BY number LIMIT "
                            + PAGE_ROWS)) {
                s.setLong(1, after);
                s.setLong(2, upTo);
                s.setString(3, namespace);
                List<Numbered> page = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        page.add(new Numbered(r.getLong(1), namespace, event(r)));
                    }
                }
                return page;
            }
        });
    }

    private static Event event(ResultSet r) throws SQLException {
        Map<String, String> attributes = OciJson.mapper().readValue(r.getString(6), new TypeReference<>() {});
        return new Event(
                r.getString(3),
                r.getString(4),
                r.getString(5),
                new TreeMap<>(attributes),
                Instant.ofEpochSecond(0, r.getLong(2)));
    }

    private static void follow(Subscriber subscriber, EventSink sink) throws InterruptedException {
        Instant until = subscriber.query.until();
        while (true) {
            Numbered next = subscriber.waiting.poll();
            if (next == null) {
                if (subscriber.overrun) {
                    throw new KelpException(
                            ErrorKind.RESOURCE_EXHAUSTED, "events came faster than they were read: some are left out");
                }
                sink.idle();
                next = until == null
                        ? subscriber.waiting.take()
                        : subscriber.waiting.poll(
                                Duration.between(Instant.now(), until).toNanos(), TimeUnit.NANOSECONDS);
                if (next == null) {
                    return;
                }
            }
            if (until != null && next.event.time().isAfter(until)) {
                return;
            }
            if (!sink.event(next.event)) {
                return;
            }
        }
    }

    /// Writes what is left.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        flush();
    }
}
