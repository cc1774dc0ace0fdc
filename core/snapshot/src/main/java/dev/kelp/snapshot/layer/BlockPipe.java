// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.NativeBuffer;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A ring of blocks outside the heap between one producer and several consumers, each of which sees every block. A
/// block
/// is free again when all consumers have gone past it. Blocks are large, so one lock is no bottleneck.
final class BlockPipe implements AutoCloseable {
    static final int BLOCK_BYTES = 256 << 10;
    private static final int BLOCKS = 8;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final NativeBuffer memory = new NativeBuffer(BLOCK_BYTES * BLOCKS);
    private final int[] lengths = new int[BLOCKS];
    private final Reader[] readers;
    private long published;
    private boolean finished;
    private @Nullable Throwable failure;

    BlockPipe(int consumers) {
        readers = new Reader[consumers];
        for (int i = 0; i < consumers; i++) {
            readers[i] = new Reader();
        }
    }

    Reader reader(int consumer) {
        return readers[consumer];
    }

    private ByteBuffer block(long number, int length) {
        return memory.bytes().slice((int) (number % BLOCKS) * BLOCK_BYTES, length);
    }

    /// The producer's next free block; null when every consumer has left or the pipe has failed.
    @Nullable
    ByteBuffer acquire() throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                long slowest = Long.MAX_VALUE;
                for (Reader r : readers) {
                    slowest = Math.min(slowest, r.left ? Long.MAX_VALUE : r.released);
                }
                if (slowest == Long.MAX_VALUE || failure != null) {
                    return null;
                }
                if (published - slowest < BLOCKS) {
                    return block(published, BLOCK_BYTES);
                }
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Hands the first `length` bytes of the acquired block to the consumers.
    void publish(int length) {
        lock.lock();
        try {
            lengths[(int) (published % BLOCKS)] = length;
            published++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The producer has no more.
    void finish() {
        lock.lock();
        try {
            finished = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Somebody failed: everybody else learns of it at their next call.
    void fail(Throwable cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Gives the memory back. Producer and consumers must have ended.
    @Override
    public void close() {
        memory.close();
    }

    /// One consumer's place.
    final class Reader implements BlockSource {
        private long released;
        private boolean holds;
        private boolean left;

        @Override
        public @Nullable ByteBuffer next() throws IOException {
            lock.lock();
            try {
                release();
                while (released == published && !finished && failure == null) {
                    changed.await();
                }
                if (failure != null) {
                    throw rethrown(failure);
                }
                if (released == published) {
                    return null;
                }
                holds = true;
                return block(released, lengths[(int) (released % BLOCKS)]);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KelpException(ErrorKind.CANCELLED, "unpacking was interrupted", e);
            } finally {
                lock.unlock();
            }
        }

        private void release() {
            if (holds) {
                holds = false;
                released++;
                changed.signalAll();
            }
        }

        /// This consumer needs no more; the others go on.
        void leave() {
            lock.lock();
            try {
                left = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private IOException rethrown(Throwable cause) {
            return switch (cause) {
                case KelpException k -> throw k;
                case IOException io -> io;
                case Error e -> throw e;
                default -> throw new KelpException(ErrorKind.INTERNAL, "unpack a layer: " + cause, cause);
            };
        }
    }
}
