// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.progress;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.ClientContext.OutputClosedException;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Progress;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/// Draws [Progress] while it lives. On a terminal: nerdctl's table, redrawn in place at most ten times a second.
/// Elsewhere: a line for each item that is finished, and a summary. Closing draws the last state.
public final class ProgressDisplay implements Progress, AutoCloseable {
    public static final long REDRAW_MILLIS = 100;

    /// More items than this are not shown each on a line.
    public static final int ITEMS_MAX = 1000;

    private static final long CLOSE_MILLIS = 2000;

    /// Where and how to draw.
    ///
    /// @param columns the terminal's width now
    /// @param rows the terminal's height now; a taller picture shows its last lines
    public record Screen(PrintStream out, boolean terminal, IntSupplier columns, IntSupplier rows) {}

    private final Screen screen;
    private final LongSupplier nanoClock;
    private final long startNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Update> items = new LinkedHashMap<>();
    private final Set<String> printed = new HashSet<>();
    private final Set<String> announced = new HashSet<>();
    private final Thread drawer;
    private boolean dirty;
    private boolean begun;
    private boolean closed;
    private int linesDrawn;

    public ProgressDisplay(Screen screen) {
        this(screen, System::nanoTime);
    }

    /// One on the client's standard output.
    public static ProgressDisplay onOutput(ClientContext client) {
        return new ProgressDisplay(new Screen(client.out(), client.outputIsTerminal(), client::columns, client::rows));
    }

    /// One on the client's error output, whose standard output is taken for data.
    public static ProgressDisplay onError(ClientContext client) {
        return new ProgressDisplay(new Screen(client.err(), client.errorIsTerminal(), client::columns, client::rows));
    }

    ProgressDisplay(Screen screen, LongSupplier nanoClock) {
        this.screen = screen;
        this.nanoClock = nanoClock;
        this.startNanos = nanoClock.getAsLong();
        this.drawer = Thread.ofPlatform().daemon().name("progress").unstarted(this::drawUntilClosed);
    }

    @Override
    public void update(Update update) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (!begun) {
                // most containers start with nothing to show
                begun = true;
                drawer.start();
            }
            if (items.containsKey(update.key()) || items.size() < ITEMS_MAX) {
                items.put(update.key(), update);
                dirty = true;
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void drawUntilClosed() {
        try {
            while (true) {
                lock.lockInterruptibly();
                try {
                    while (!dirty && !closed) {
                        changed.await();
                    }
                    if (closed) {
                        return;
                    }
                    dirty = false;
                } finally {
                    lock.unlock();
                }
                draw();
                pause();
            }
        } catch (InterruptedException | OutputClosedException e) {
            // nobody looks any more: the command's own thread finds out when it prints
        }
    }

    private void pause() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(REDRAW_MILLIS);
            while (!closed && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Draws the final state. Waits a little for a drawing that is under way, not for a terminal that is stuck.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (!begun) {
                return;
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
        try {
            drawer.join(CLOSE_MILLIS);
            if (!drawer.isAlive()) {
                draw();
                summary();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void draw() {
        List<Update> now;
        lock.lock();
        try {
            now = new ArrayList<>(items.values());
        } finally {
            lock.unlock();
        }
        if (screen.terminal) {
            drawTable(now);
        } else {
            drawLines(now);
        }
        screen.out.flush();
    }

    private double seconds() {
        return (nanoClock.getAsLong() - startNanos) / 1e9;
    }

    private void drawTable(List<Update> now) {
        if (now.isEmpty()) {
            return;
        }
        List<String> lines = ProgressFrame.lines(now, seconds(), screen.columns.getAsInt());
        int rows = screen.rows.getAsInt();
        if (rows > 1 && lines.size() > rows - 1) {
            lines = lines.subList(lines.size() - rows + 1, lines.size());
        }
        StringBuilder b = new StringBuilder();
        if (linesDrawn > 0) {
            b.append("\u001b[").append(linesDrawn).append('A');
        }
        for (String line : lines) {
            b.append('\r').append(line).append("\u001b[K\n");
        }
        // fewer lines than before, after the window shrank
        b.append("\u001b[J");
        linesDrawn = lines.size();
        screen.out.print(b);
    }

    private void drawLines(List<Update> now) {
        for (Update u : now) {
            if (ProgressFrame.countsFiles(u.state()) && announced.add(u.key())) {
                screen.out.append(u.key() + ": " + ProgressFrame.word(u.state()) + "\n");
            } else if (ProgressFrame.isFinished(u.state()) && printed.add(u.key())) {
                String size = u.totalBytes() > 0 ? " (" + Units.binarySize(u.totalBytes()) + ")" : "";
                screen.out.append(u.key() + ": " + ProgressFrame.word(u.state()) + size + "\n");
            }
        }
    }

    private void summary() {
        if (screen.terminal || printed.isEmpty()) {
            return;
        }
        if (announced.containsAll(printed)) {
            screen.out.append(ProgressFrame.elapsed(seconds()).stripTrailing() + "\n");
            screen.out.flush();
            return;
        }
        List<String> lines = ProgressFrame.lines(new ArrayList<>(items.values()), seconds(), 0);
        screen.out.append(lines.getLast().replaceAll(" {2,}", " ") + "\n");
        screen.out.flush();
    }
}
