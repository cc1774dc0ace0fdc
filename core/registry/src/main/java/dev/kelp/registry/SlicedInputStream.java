// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/// The first bytes of a stream, telling at each step how many were read.
final class SlicedInputStream extends FilterInputStream {
    private final long length;
    private final LongConsumer progress;
    private long count;
    private long reported;

    SlicedInputStream(InputStream in, long length, LongConsumer progress) {
        super(in);
        this.length = length;
        this.progress = progress;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int wanted) throws IOException {
        int n = (int) Math.min(wanted, length - count);
        if (n <= 0) {
            return wanted == 0 ? 0 : -1;
        }
        n = in.read(buffer, offset, n);
        if (n > 0) {
            count += n;
            if (count - reported >= TransferListener.STEP_BYTES) {
                reported = count;
                progress.accept(count);
            }
        }
        return n;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
