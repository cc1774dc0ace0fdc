// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.runtime.ContainerLog.Options;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ContainerLogTest {
    private static final String T = "2026-01-01T00:00:0%d.000000001+00:00 ";

    @TempDir
    private Path dir;

    private Path file;

    @BeforeEach
    void name() {
        file = dir.resolve("ctr.log");
    }

    private static String line(int second, String rest) {
        return T.formatted(second) + rest + "\n";
    }

    private static Options options(boolean follow, int tail) {
        return new Options(follow, tail, null, null, true, true);
    }

    private String replay(Options options) {
        StringBuilder text = new StringBuilder();
        new ContainerLog(file).replay(options, new CompletableFuture<>(), new CompletableFuture<>(), e -> {
            text.append(e.stderr() ? "E:" : "").append(new String(e.data(), StandardCharsets.UTF_8));
            return true;
        });
        return text.toString();
    }

    @Test
    void readsLinesAndPiecesOfBothStreams() throws IOException {
        Files.writeString(
                file,
                line(1, "stdout P ab")
                        + line(1, "stdout F c")
                        + line(2, "stderr F bad")
                        + line(3, "stdout F ")
                        + line(4, "stdout F x y"));
        assertThat(replay(Options.ALL)).isEqualTo("abc\nE:bad\n\nx y\n");
        assertThat(replay(new Options(false, -1, null, null, false, true))).isEqualTo("E:bad\n");
    }

    @Test
    void joinsLinesOfOneStreamWhereThatIsAllowed() throws IOException {
        String many = line(1, "stdout F " + "y".repeat(100)).repeat(2000);
        Files.writeString(
                file,
                line(1, "stdout F a")
                        + line(2, "stdout P b")
                        + "garbage\n"
                        + line(3, "stdout F c")
                        + line(4, "stderr F bad")
                        + many
                        + "2026-01-01T00:00:05Z stdout F torn");
        Options joined = new Options(false, -1, null, null, true, true, true);
        List<Integer> lengths = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        new ContainerLog(file).replay(joined, new CompletableFuture<>(), new CompletableFuture<>(), e -> {
            lengths.add(e.data().length);
            text.append(new String(e.data(), StandardCharsets.UTF_8));
            return true;
        });
        assertThat(text.toString()).isEqualTo(replay(Options.ALL).replace("E:", ""));
        assertThat(lengths).startsWith("a\nbc\n".length(), "bad\n".length()).hasSizeLessThan(20);
        Options from = new Options(false, -1, Instant.parse("2026-01-01T00:00:05Z"), null, true, true, true);
        assertThat(replay(from)).isEqualTo("torn");
    }

    @Test
    void skipsWhatIsNoLineAndKeepsAPieceOfATornOne() throws IOException {
        String big = "z".repeat(ContainerLog.LINE_BYTES_MAX + 10);
        Files.writeString(
                file,
                "garbage\n\n" + line(1, "stdout F a") + line(1, "stdout X b") + line(1, "stdin F c")
                        + "2026-13-01T00:00:00Z stdout F month\n" + line(1, "stdout F " + big) + line(2, "stdout F d")
                        + T.formatted(3) + "stdout F torn");
        assertThat(replay(Options.ALL)).isEqualTo("a\nd\ntorn");
    }

    @Test
    void beginsWithTheLastLinesHoweverLongTheLogIs() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 40_000; i++) {
            all.writeBytes(line(i % 10, "stdout P " + i + "-").getBytes(StandardCharsets.UTF_8));
            all.writeBytes(line(i % 10, "stdout F " + "é".repeat(i % 50)).getBytes(StandardCharsets.UTF_8));
        }
        Files.write(file, all.toByteArray());
        for (int tail : new int[] {0, 1, 2, 7, 1000, 39_999, 40_000, 50_000}) {
            List<String> lines = replay(options(false, tail)).lines().toList();
            assertThat(lines).hasSize(Math.min(tail, 40_000));
            if (tail > 0) {
                assertThat(lines.getFirst()).startsWith(Math.max(0, 40_000 - tail) + "-");
                assertThat(lines.getLast()).startsWith("39999-");
            }
        }
    }

    @Test
    void countsAnUnfinishedLineAsOne() throws IOException {
        Files.writeString(
                file, line(1, "stdout F a") + line(1, "stdout F b") + line(2, "stdout P c") + line(2, "stdout P d"));
        assertThat(replay(options(false, 1))).isEqualTo("cd");
        assertThat(replay(options(false, 2))).isEqualTo("b\ncd");
    }

    @Test
    void keepsToATimeSpan() throws IOException {
        Files.writeString(file, line(1, "stdout F a") + line(2, "stdout F b") + line(3, "stdout F c"));
        Instant two = Instant.parse("2026-01-01T00:00:02.000000001Z");
        assertThat(replay(new Options(false, -1, two, null, true, true))).isEqualTo("b\nc\n");
        assertThat(replay(new Options(false, -1, null, two, true, true))).isEqualTo("a\nb\n");
    }

    @Test
    void readsEveryFormOfTime() {
        for (String time : List.of(
                "2026-01-01T02:00:00.5+02:00", "2026-01-01T00:00:00.500000000Z", "2025-12-31T23:30:00.5-00:30")) {
            byte[] line = (time + " stdout F:tag x").getBytes(StandardCharsets.UTF_8);
            LogLine parsed = LogLine.parse(line, 0, line.length).orElseThrow();
            assertThat(parsed.time()).isEqualTo(Instant.parse("2026-01-01T00:00:00.5Z"));
            assertThat(new String(line, parsed.dataAt(), line.length - parsed.dataAt(), StandardCharsets.UTF_8))
                    .isEqualTo("x");
        }
    }

    @Test
    void followsUntilTheContainerHasEndedAndEverythingIsRead() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        CompletableFuture<Void> done = CompletableFuture.runAsync(
                () -> new ContainerLog(file).replay(options(true, -1), end, new CompletableFuture<>(), e -> {
                    seen.add(new String(e.data(), StandardCharsets.UTF_8));
                    return true;
                }),
                PlatformThreads.EXECUTOR);
        Files.writeString(file, line(1, "stdout F first"));
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("first\n");
        String second = line(2, "stdout F second");
        append(second.substring(0, 50));
        append(second.substring(50));
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("second\n");
        // conmon starts a new file when the log has reached its limit
        append(line(3, "stdout F last of the old"));
        Path next = dir.resolve("ctr.log.tmp");
        Files.writeString(next, line(4, "stdout F new"));
        Files.move(next, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("last of the old\n");
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("new\n");
        append(line(5, "stdout F end"));
        end.complete(null);
        done.get(10, TimeUnit.SECONDS);
        assertThat(seen.poll()).isEqualTo("end\n");
        assertThat(seen).isEmpty();
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.APPEND);
    }

    @Test
    void stopsFollowingWhenToldTo() throws Exception {
        Files.writeString(file, line(1, "stdout F a") + line(1, "stdout F b"));
        List<String> seen = new ArrayList<>();
        new ContainerLog(file).replay(options(true, -1), new CompletableFuture<>(), new CompletableFuture<>(), e -> {
            seen.add(new String(e.data(), StandardCharsets.UTF_8));
            return false;
        });
        assertThat(seen).containsExactly("a\n");
        CompletableFuture<Void> cancelled = new CompletableFuture<>();
        CompletableFuture<Void> done = CompletableFuture.runAsync(
                () -> new ContainerLog(file).replay(options(true, 0), new CompletableFuture<>(), cancelled, e -> true),
                PlatformThreads.EXECUTOR);
        cancelled.complete(null);
        done.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aLogThatWasNeverWrittenIsEmpty() {
        assertThat(replay(Options.ALL)).isEmpty();
    }

    /// Whatever the bytes, the last n lines are the end of all lines.
    @FuzzTest
    void tailIsASuffix(byte[] log) throws IOException {
        Path f = Files.createTempFile("kelp", ".log");
        try {
            Files.write(f, log);
            file = f;
            String all = replay(Options.ALL);
            for (int tail = 0; tail < 4; tail++) {
                assertThat(all).endsWith(replay(options(false, tail)));
            }
        } finally {
            Files.delete(f);
        }
    }
}
