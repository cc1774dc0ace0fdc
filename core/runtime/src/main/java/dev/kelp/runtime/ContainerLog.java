// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inotify;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.LogFiles.Part;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A container's output, read from the log conmon writes. Lines that are none (a torn write, garbage) are skipped.
public final class ContainerLog {
    /// conmon writes at most 8 KiB of output in a line; a longer one is skipped to its end.
    public static final int LINE_BYTES_MAX = 64 << 10;

    private static final int BLOCK_BYTES = 64 << 10;
    private static final int WATCHED = Inotify.IN_MODIFY | Inotify.IN_CREATE | Inotify.IN_MOVED_TO;

    private final Path file;

    public ContainerLog(Path file) {
        this.file = file;
    }

    /// @param tail the last lines to begin with; negative: all
    /// @param since entries from then on
    /// @param until entries up to then
    /// @param joined lines of one stream may come in one entry, with the time of the first
    public record Options(
            boolean follow,
            int tail,
            @Nullable Instant since,
            @Nullable Instant until,
            boolean stdout,
            boolean stderr,
            boolean joined) {
        /// Each line by itself.
        public Options(
                boolean follow,
                int tail,
                @Nullable Instant since,
                @Nullable Instant until,
                boolean stdout,
                boolean stderr) {
            this(follow, tail, since, until, stdout, stderr, false);
        }

        public static final Options ALL = new Options(false, -1, null, null, true, true);
    }

    /// A piece of output. Data that ends in a newline ends a line; a piece without one goes on in its stream's next
    /// entry.
    public record Entry(Instant time, boolean stderr, byte[] data) {}

    /// Takes entries; false ends the replay.
    public interface Sink {
        boolean take(Entry entry);
    }

    /// Replays the log into `sink`. With `follow` it goes on until `end` is completed and everything written before
    /// is
    /// read, or `cancelled` is completed. Returns then.
    ///
    /// @param end the container's exit, see [ContainerTask#exit]
    public void replay(Options options, CompletableFuture<?> end, CompletableFuture<?> cancelled, Sink sink) {
        PlatformThreads.call(() -> {
            replayHere(options, end, cancelled, sink);
            return true;
        });
    }

    private void replayHere(Options options, CompletableFuture<?> end, CompletableFuture<?> cancelled, Sink sink) {
        try {
            if (options.follow()) {
                follow(options, end, cancelled, sink);
            } else {
                readOnce(options, sink);
            }
        } catch (NoSuchFileException e) {
            // nothing was ever written, or there is no log
        } catch (ErrnoException e) {
            throw e.toKelp("follow the log " + file);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "read the log " + file + ": " + e.getMessage(), e);
        }
    }

    private void readOnce(Options options, Sink sink) throws IOException {
        List<Part> parts = LogFiles.open(file);
        if (parts.isEmpty()) {
            return;
        }
        try {
            LogTail.Start start = LogTail.start(channels(parts), options);
            Reader reader = new Reader(options, sink);
            for (int i = start.part(); i < parts.size(); i++) {
                reader.begin(parts.get(i).channel(), i == start.part() ? start.position() : 0);
                if (!reader.readToEnd()) {
                    return;
                }
            }
            reader.lastLine();
        } finally {
            LogFiles.close(parts);
        }
    }

    private static List<FileChannel> channels(List<Part> parts) {
        return parts.stream().map(Part::channel).toList();
    }

    private void follow(Options options, CompletableFuture<?> end, CompletableFuture<?> cancelled, Sink sink)
            throws IOException {
        Path folder = Optional.ofNullable(file.getParent()).orElse(Path.of("/"));
        Fd[] pipe = Pipes.pipe();
        try (Fd wakeRead = pipe[0];
                Wake wake = new Wake(pipe[1]);
                Inotify inotify = new Inotify()) {
            inotify.watch(folder.toString(), WATCHED);
            end.whenComplete((v, e) -> wake.wake()).exceptionally(e -> null);
            cancelled.whenComplete((v, e) -> wake.wake()).exceptionally(e -> null);
            FollowState state = new FollowState(options, sink);
            while (state.step(end) && !cancelled.isDone()) {
                int[] events = Poll.await(List.of(inotify.descriptor(), wakeRead), Poll.POLLIN, -1);
                if (events[0] != 0) {
                    inotify.take();
                }
            }
            state.close();
        }
    }

    /// Wakes the follower as long as it is there: a descriptor's number may belong to somebody else right after
    /// closing.
    private static final class Wake implements AutoCloseable {
        private final Fd fd;

        Wake(Fd fd) {
            this.fd = fd;
        }

        synchronized void wake() {
            try {
                if (fd.isOpen()) {
                    Pipes.writeAll(fd, new byte[] {1}, 0, 1);
                }
            } catch (ErrnoException e) {
                throw e.toKelp("wake the follower of a log");
            }
        }

        @Override
        public synchronized void close() {
            fd.close();
        }
    }

    /// The file followed, which is replaced by a new one when it has reached its limit, and those that are to be
    /// read
    /// before.
    private final class FollowState {
        private final Options options;
        private final Reader reader;
        private final Deque<Part> parts = new ArrayDeque<>();

        FollowState(Options options, Sink sink) {
            this.options = options;
            this.reader = new Reader(options, sink);
        }

        /// Reads what is there; false when that was all there will ever be.
        boolean step(CompletableFuture<?> end) throws IOException {
            boolean ended = end.isDone();
            if (parts.isEmpty() && !open()) {
                return !ended;
            }
            while (reader.readToEnd()) {
                if (parts.size() == 1 && !findNewer()) {
                    if (ended) {
                        reader.lastLine();
                    }
                    return !ended;
                }
                // it was written to until the new one came
                if (!reader.readToEnd()) {
                    break;
                }
                parts.removeFirst().channel().close();
                reader.begin(parts.getFirst().channel(), 0);
            }
            return false;
        }

        private boolean open() throws IOException {
            List<Part> all = LogFiles.open(file);
            if (all.isEmpty()) {
                return false;
            }
            LogTail.Start start = LogTail.start(channels(all), options);
            LogFiles.close(all.subList(0, start.part()));
            parts.addAll(all.subList(start.part(), all.size()));
            reader.begin(parts.getFirst().channel(), start.position());
            return true;
        }

        /// Finds what was written after the one file there is; all that is left, when that one is gone.
        private boolean findNewer() throws IOException {
            String key = parts.getFirst().key();
            Optional<String> now = LogFiles.key(file);
            if (now.isEmpty() || now.get().equals(key)) {
                return false;
            }
            List<Part> all = LogFiles.open(file);
            int known = all.stream().map(Part::key).toList().indexOf(key);
            LogFiles.close(all.subList(0, known + 1));
            parts.addAll(all.subList(known + 1, all.size()));
            return parts.size() > 1;
        }

        void close() throws IOException {
            LogFiles.close(List.copyOf(parts));
        }
    }

    /// Reads forward, line by line.
    private static final class Reader {
        private final Options options;
        private final Sink sink;
        private @Nullable FileChannel channel;
        private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
        private byte[] carry = new byte[LINE_BYTES_MAX];
        private int carried;
        private boolean tooLong;
        private boolean done;
        private long position;
        private final byte[] bytes = new byte[BLOCK_BYTES];
        private final LogLine.Parser parser = new LogLine.Parser();
        /// Lines that are given together; each takes less than in the log, so those of a block and of what was
        /// carried over have room.
        private final byte[] joined;

        private int joinedBytes;
        private boolean joinedError;
        private Instant joinedTime = Instant.EPOCH;

        Reader(Options options, Sink sink) {
            this.options = options;
            this.sink = sink;
            this.joined = new byte[options.joined() ? BLOCK_BYTES + LINE_BYTES_MAX : 0];
        }

        /// Goes on in that file.
        void begin(FileChannel next, long from) {
            channel = next;
            position = from;
            carried = 0;
            tooLong = false;
        }

        /// False when the sink, or `until`, ended it.
        boolean readToEnd() throws IOException {
            while (!done && channel != null) {
                block.clear();
                int n = channel.read(block, position);
                if (n <= 0) {
                    break;
                }
                position += n;
                block.flip();
                block.get(bytes, 0, n);
                take(n);
                giveJoined();
            }
            return !done;
        }

        private void take(int length) {
            int from = 0;
            for (int i = 0; i < length && !done; i++) {
                if (bytes[i] != '\n') {
                    continue;
                }
                if (carried == 0 && !tooLong) {
                    line(bytes, from, i, true);
                } else {
                    append(bytes, from, i);
                    if (!tooLong) {
                        line(carry, 0, carried, true);
                    }
                }
                carried = 0;
                tooLong = false;
                from = i + 1;
            }
            append(bytes, from, length);
        }

        private void append(byte[] bytes, int from, int to) {
            if (carried + (to - from) > carry.length) {
                tooLong = true;
                carried = 0;
            }
            if (!tooLong) {
                System.arraycopy(bytes, from, carry, carried, to - from);
                carried += to - from;
            }
        }

        /// A line without its newline: what conmon had written when it was killed.
        void lastLine() {
            if (carried > 0 && !tooLong && !done) {
                line(carry, 0, carried, false);
                carried = 0;
                giveJoined();
            }
        }

        private void line(byte[] bytes, int from, int to, boolean complete) {
            Optional<LogLine> parsed = parser.parse(bytes, from, to);
            if (parsed.isEmpty()) {
                return;
            }
            LogLine l = parsed.get();
            if (options.until() != null && l.time().isAfter(options.until())) {
                done = true;
                return;
            }
            boolean wanted = l.stderr() ? options.stderr() : options.stdout();
            if (!wanted || (options.since() != null && l.time().isBefore(options.since()))) {
                return;
            }
            boolean newline = l.whole() && complete;
            if (options.joined()) {
                join(l, bytes, to, newline);
            } else {
                byte[] data = Arrays.copyOfRange(bytes, l.dataAt(), newline ? to + 1 : to);
                if (newline) {
                    data[data.length - 1] = '\n';
                }
                give(l.time(), l.stderr(), data);
            }
        }

        private void join(LogLine l, byte[] bytes, int to, boolean newline) {
            if (joinedBytes == 0 || joinedError != l.stderr()) {
                giveJoined();
                joinedError = l.stderr();
                joinedTime = l.time();
            }
            int length = to - l.dataAt();
            System.arraycopy(bytes, l.dataAt(), joined, joinedBytes, length);
            joinedBytes += length;
            if (newline) {
                joined[joinedBytes++] = '\n';
            }
        }

        private void giveJoined() {
            if (joinedBytes > 0 && !done) {
                give(joinedTime, joinedError, Arrays.copyOf(joined, joinedBytes));
            }
            joinedBytes = 0;
        }

        private void give(Instant time, boolean stderr, byte[] data) {
            done = !sink.take(new Entry(time, stderr, data));
        }
    }
}
