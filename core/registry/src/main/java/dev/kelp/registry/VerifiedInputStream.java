// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/// Bytes that are compared with their descriptor while they are read. Reading past the last byte of a stream that is
/// shorter, longer or different fails with [ErrorKind#DATA_LOSS]; the first byte too many is refused at once. The
/// reader must read to the end, and must not act on the bytes for good before that.
public final class VerifiedInputStream extends FilterInputStream {
    private final Descriptor descriptor;
    private final MessageDigest hash;
    private long count;
    private boolean verified;

    /// Checks a content against its descriptor.
    ///
    /// @param in the content from its first byte; closed with this
    public VerifiedInputStream(InputStream in, Descriptor descriptor) {
        super(in);
        this.descriptor = descriptor;
        this.hash = descriptor.digest().newMessageDigest();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        if (n < 0) {
            verify();
            return n;
        }
        count += n;
        if (count > descriptor.size()) {
            throw mismatch("more than the " + descriptor.size() + " bytes expected came");
        }
        hash.update(buffer, offset, n);
        return n;
    }

    /// Reads and checks what is skipped.
    @Override
    public long skip(long n) throws IOException {
        byte[] scratch = new byte[Math.clamp(n, 0, 8 << 10)];
        long done = 0;
        while (done < n) {
            int step = read(scratch, 0, (int) Math.min(scratch.length, n - done));
            if (step < 0) {
                break;
            }
            done += step;
        }
        return done;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void verify() {
        if (verified) {
            return;
        }
        if (count != descriptor.size()) {
            throw mismatch(count + " of " + descriptor.size() + " bytes came");
        }
        Digest is = Digest.finish(descriptor.digest().algorithm(), hash.digest());
        if (!is.equals(descriptor.digest())) {
            throw mismatch("the bytes have digest " + is);
        }
        verified = true;
    }

    private KelpException mismatch(String why) {
        return new KelpException(ErrorKind.DATA_LOSS, "blob " + descriptor.digest() + " is damaged: " + why);
    }
}
