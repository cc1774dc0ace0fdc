// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.Progress.State;
import dev.kelp.engine.Progress.Update;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ProgressTest {
    private static final String INDEX = "index-sha256:ba76950ac9eaa407512c9d859cea48114eeff8a6f12ebaa5d32ce79d4a017dd8";
    private static final String MANIFEST =
            "manifest-sha256:cca7bbfb3cd4dc1022f00cee78c51aa46ecc3141188f0dd520978a620697e7ad";
    private static final String LAYER = "layer-sha256:a307d6ecc6205dfa11d2874af9adb7e3fc244a429e00e8e3df90534d4cf0f3f8";

    /// nerdctl's own table for a pull of busybox.
    @Test
    void finishedPullLooksAsNerdctlShowsIt() {
        List<String> lines = ProgressFrame.lines(
                List.of(
                        new Update("docker.io/library/busybox:latest", State.RESOLVED, 0, -1),
                        new Update(INDEX, State.DONE, 2202009, 2202009),
                        new Update(MANIFEST, State.DONE, 0, 0),
                        new Update(LAYER, State.DONE, 0, 0)),
                4.6,
                0);
        String bar = "|" + "+".repeat(38) + "|";
        assertThat(lines)
                .containsExactly(
                        "docker.io/library/busybox:latest:" + " ".repeat(49) + "resolved       " + bar,
                        INDEX + ":" + "    " + "done           " + bar,
                        MANIFEST + ": done           " + bar,
                        LAYER + ":" + "    " + "done           " + bar,
                        "elapsed: 4.6 s" + " ".repeat(68) + "total:  2.1 Mi (467.5 KiB/s)");
    }

    @Test
    void movingItemsShowHowMuch() {
        String line = ProgressFrame.lines(List.of(new Update("x", State.DOWNLOADING, 512 << 10, 1 << 20)), 1, 0)
                .getFirst();
        assertThat(line)
                .isEqualTo("x:             downloading    |" + "+".repeat(19) + "-".repeat(19) + "| 512.0 Ki/1.0 MiB");
    }

    @Test
    void noLineIsWiderThanTheTerminal() {
        for (int columns = 20; columns < 200; columns++) {
            List<String> lines = ProgressFrame.lines(
                    List.of(
                            new Update(MANIFEST, State.DONE, 10, 10),
                            new Update(LAYER, State.DOWNLOADING, 5 << 20, 50 << 20)),
                    100.2,
                    columns);
            int limit = columns;
            assertThat(lines).allSatisfy(l -> assertThat(l.length()).isLessThan(limit));
        }
    }

    private static String run(boolean terminal, Update... updates) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        AtomicLong clock = new AtomicLong();
        PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
        try (ProgressDisplay d =
                new ProgressDisplay(new ProgressDisplay.Screen(out, terminal, () -> 80, () -> 24), clock::get)) {
            for (Update u : updates) {
                d.update(u);
            }
            clock.set(2_000_000_000L);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void plainLinesOncePerFinishedItem() {
        String text = run(
                false,
                new Update("a:1", State.RESOLVING, 0, -1),
                new Update("a:1", State.RESOLVED, 0, -1),
                new Update(LAYER, State.DOWNLOADING, 5, 2048),
                new Update(LAYER, State.DONE, 2048, 2048),
                new Update("config-sha256:00", State.EXISTS, 10, 10));
        assertThat(text)
                .isEqualTo("a:1: resolved\n" + LAYER + ": done (2.0 KiB)\nconfig-sha256:00: exists (10.0 B)\n"
                        + "elapsed: 2.0 s total: 2.0 Ki (1.0 KiB/s)\n");
    }

    @Test
    void filesAreCountedOnATerminalAndAnnouncedElsewhere() {
        Update some = new Update("owner of /x", State.CHANGING, 3456, -1);
        List<String> lines = ProgressFrame.lines(List.of(some), 1, 0);
        assertThat(lines.getFirst()).matches("owner of /x: +changing .* 3456 files");
        assertThat(lines.getLast()).contains("total:   0.0 B");
        assertThat(run(false, some)).isEqualTo("owner of /x: changing\n");
    }

    @Test
    void drawsNothingWithoutUpdates() {
        assertThat(run(true)).isEmpty();
        assertThat(run(false)).isEmpty();
    }

    @Test
    void terminalIsRedrawnInPlace() {
        String text = run(true, new Update("a", State.DONE, 1, 1), new Update("b", State.DONE, 1, 1));
        assertThat(text).endsWith("\u001b[J").doesNotContain("\u001b[0A");
        String last = text.substring(text.lastIndexOf("\ra:"));
        assertThat(last.lines().filter(l -> l.endsWith("\u001b[K")).count()).isEqualTo(3);
    }

    @Test
    @Timeout(20)
    void aStuckTerminalDoesNotHoldUpTheWork() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        PrintStream out = new PrintStream(
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        stuck.countDown();
                        try {
                            release.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    }
                },
                true,
                StandardCharsets.UTF_8);
        ProgressDisplay d = new ProgressDisplay(new ProgressDisplay.Screen(out, true, () -> 80, () -> 24));
        d.update(new Update("a", State.DOWNLOADING, 1, 10));
        stuck.await();
        for (int i = 0; i < 100_000; i++) {
            d.update(new Update("a", State.DOWNLOADING, i, 100_000));
        }
        release.countDown();
        d.close();
    }
}
