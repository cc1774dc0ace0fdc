// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/// Hashes while it is read and compares at the end.
final class VerifiedStream extends FilterInputStream {
    private final Descriptor expected;
    private final MessageDigest hash;
    private long count;
    private boolean verified;

    VerifiedStream(InputStream in, Descriptor expected) {
        super(in);
        this.expected = expected;
        this.hash = expected.digest().newMessageDigest();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int n = in.read(target, offset, length);
        if (n < 0) {
            compare();
            return n;
        }
        count += n;
        if (count > expected.size()) {
            throw damaged("more than " + expected.size() + " bytes");
        }
        hash.update(target, offset, n);
        return n;
    }

    @Override
    public long skip(long n) throws IOException {
        byte[] scratch = new byte[Math.clamp(n, 0, 8 << 10)];
        long skipped = 0;
        while (skipped < n) {
            int step = read(scratch, 0, (int) Math.min(scratch.length, n - skipped));
            if (step < 0) {
                break;
            }
            skipped += step;
        }
        return skipped;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void compare() {
        if (verified) {
            return;
        }
        if (count != expected.size()) {
            throw damaged(count + " bytes instead of " + expected.size());
        }
        Digest found = Digest.finish(expected.digest().algorithm(), hash.digest());
        if (!found.equals(expected.digest())) {
            throw damaged("its bytes have digest " + found);
        }
        verified = true;
    }

    private KelpException damaged(String why) {
        return new KelpException(ErrorKind.DATA_LOSS, "blob " + expected.digest() + " is damaged on the disk: " + why);
    }
}
