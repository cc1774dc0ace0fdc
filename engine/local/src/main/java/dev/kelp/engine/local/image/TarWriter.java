// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes files of short names as ustar; sizes from 8 GiB on in base 256, as GNU tar does. All times are 0, so that
/// the same images give the same bytes.
final class TarWriter implements ImageTarget {
    private static final int BLOCK = 512;
    private static final int NAME_BYTES_MAX = 100;

    private final OutputStream out;

    TarWriter(OutputStream out) {
        this.out = out;
    }

    @Override
    public void directory(String name) throws IOException {
        header(name, '5', 0);
    }

    @Override
    public void file(String name, byte[] content) throws IOException {
        header(name, '0', content.length);
        out.write(content);
        pad(content.length);
    }

    @Override
    public void file(String name, long size, InputStream content) throws IOException {
        header(name, '0', size);
        long copied = content.transferTo(out);
        if (copied != size) {
            throw new IOException(name + " has " + copied + " bytes, not " + size);
        }
        pad(size);
    }

    @Override
    public void end() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.flush();
    }

    private void header(String name, char type, long size) throws IOException {
        byte[] h = new byte[BLOCK];
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException("name too long: " + name);
        }
        System.arraycopy(bytes, 0, h, 0, bytes.length);
        octal(h, 100, 8, type == '5' ? 0755 : 0644);
        octal(h, 108, 8, 0);
        octal(h, 116, 8, 0);
        if (size < 1L << 33) {
            octal(h, 124, 12, size);
        } else {
            h[124] = (byte) 0x80;
            for (int i = 0; i < 8; i++) {
                h[135 - i] = (byte) (size >>> (8 * i));
            }
        }
        octal(h, 136, 12, 0);
        h[156] = (byte) type;
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, h, 257, 8);
        Arrays.fill(h, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : h) {
            sum += b & 0xff;
        }
        octal(h, 148, 7, sum);
        out.write(h);
    }

    private static void octal(byte[] h, int at, int length, long value) {
        long v = value;
        for (int i = at + length - 2; i >= at; i--) {
            h[i] = (byte) ('0' + (v & 7));
            v >>= 3;
        }
        h[at + length - 1] = 0;
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) ((BLOCK - size % BLOCK) % BLOCK)]);
    }
}
