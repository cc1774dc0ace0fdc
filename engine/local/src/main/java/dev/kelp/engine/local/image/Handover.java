// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// Lets another thread do what is done with written bytes: with two processors, packing goes on while files are read.
/// [#close] waits for that thread and throws what it failed with. Closing without [#finish] breaks it off.
final class Handover extends OutputStream {
    private static final int BLOCK_BYTES = 256 << 10;
    private static final int BLOCKS = 4;

    private final BlockingQueue<Block> full = new ArrayBlockingQueue<>(BLOCKS);
    private final BlockingQueue<byte[]> free = new ArrayBlockingQueue<>(BLOCKS);
    private final Thread worker;
    private byte @Nullable [] block;
    private int length;
    private volatile @Nullable Throwable failure;
    /// Whether the worker has seen the end; only it looks.
    private boolean ended;

    /// @param length −1 is the end, −2 the end of an attempt that failed
    private record Block(byte[] data, int length) {}

    /// What is done on the other thread.
    interface Work {
        /// Reads `in` to its end; what it throws the writer sees.
        void with(Source in) throws IOException;
    }

    /// The written bytes, in blocks.
    interface Source {
        /// Writes the next block to `out`; false at the end.
        boolean next(OutputStream out) throws IOException;
    }

    Handover(String name, Work work) {
        for (int i = 0; i < BLOCKS; i++) {
            free.add(new byte[BLOCK_BYTES]);
        }
        worker = Thread.ofPlatform().daemon().name(name).start(() -> run(work));
    }

    private void run(Work work) {
        try {
            work.with(this::next);
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        }
        // who still writes must not wait for a free block; after the end nothing comes any more
        while (failure != null && !ended) {
            try {
                Block b = full.take();
                ended = b.length < 0;
                if (!ended) {
                    free.add(b.data);
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean next(OutputStream out) throws IOException {
        try {
            Block b = full.take();
            ended = b.length < 0;
            if (b.length == -2) {
                throw new InterruptedIOException("what was to be packed could not be read");
            }
            if (b.length < 0) {
                return false;
            }
            out.write(b.data, 0, b.length);
            free.add(b.data);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int count) throws IOException {
        int at = offset;
        int left = count;
        while (left > 0) {
            byte[] target = block;
            if (target == null) {
                target = take();
                block = target;
                length = 0;
            }
            int n = Math.min(left, target.length - length);
            System.arraycopy(data, at, target, length, n);
            at += n;
            left -= n;
            length += n;
            if (length == target.length) {
                pass();
            }
        }
    }

    private byte[] take() throws IOException {
        check();
        try {
            return free.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "packing a layer was interrupted", e);
        }
    }

    private void pass() {
        byte[] filled = block;
        if (filled != null) {
            put(new Block(filled, length));
            block = null;
        }
    }

    private void put(Block b) {
        boolean interrupted = false;
        while (true) {
            try {
                full.put(b);
                break;
            } catch (InterruptedException e) {
                // the worker always takes it, soon
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void check() throws IOException {
        switch (failure) {
            case null -> {}
            case IOException e -> throw new IOException(e.getMessage(), e);
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable t -> throw new IOException(t);
        }
    }

    /// Says that all is written, waits, and throws what the other thread failed with.
    void finish() throws IOException {
        pass();
        end(-1);
        check();
    }

    private void end(int how) {
        if (worker.isAlive()) {
            put(new Block(new byte[0], how));
        }
        boolean interrupted = false;
        while (true) {
            try {
                worker.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (worker.isAlive()) {
            end(-2);
        }
    }
}
