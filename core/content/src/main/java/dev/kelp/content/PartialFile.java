// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/// An ingest as a file that grows.
final class PartialFile implements Ingest {
    private static final int REHASH_BUFFER_BYTES = 256 << 10;
    private static final int WRITEBACK_STEP_BYTES = 4 << 20;

    private final OciLayoutStore store;
    private final String name;
    private final Path path;
    private final @Nullable Descriptor expected;
    private final FileChannel file;
    private MessageDigest hash;
    private long offset;
    private long writingBack;
    private boolean open = true;
    private boolean keep;

    private PartialFile(OciLayoutStore store, String name, Path path, @Nullable Descriptor expected)
            throws IOException {
        this.store = store;
        this.name = name;
        this.path = path;
        this.expected = expected;
        this.keep = expected != null;
        this.hash = newHash();
        this.file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /// Opens the file and hashes what is in it.
    static PartialFile resume(OciLayoutStore store, String name, Path path, @Nullable Descriptor expected) {
        try {
            PartialFile partial = new PartialFile(store, name, path, expected);
            try {
                partial.rehash();
                return partial;
            } catch (IOException | RuntimeException | Error e) {
                partial.file.close();
                throw e;
            }
        } catch (IOException e) {
            throw DiskErrors.of("open partial blob", path, e);
        }
    }

    private MessageDigest newHash() {
        return expected == null ? Digest.newSha256() : expected.digest().newMessageDigest();
    }

    private void rehash() throws IOException {
        if (file.size() == 0) {
            return;
        }
        if (expected == null || file.size() > expected.size()) {
            file.truncate(0);
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate(REHASH_BUFFER_BYTES);
        while (file.read(buffer) >= 0) {
            buffer.flip();
            offset += buffer.remaining();
            hash.update(buffer);
            buffer.clear();
        }
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public Digest digest() {
        try {
            MessageDigest copy = (MessageDigest) hash.clone();
            return Digest.finish(expected == null ? "sha256" : expected.digest().algorithm(), copy.digest());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void write(ByteBuffer bytes) {
        if (!open) {
            throw new IllegalStateException("the ingest is over");
        }
        if (expected != null && offset + bytes.remaining() > expected.size()) {
            throw fail("more than the expected " + expected.size() + " bytes came");
        }
        hash.update(bytes.duplicate());
        try {
            while (bytes.hasRemaining()) {
                offset += file.write(bytes);
            }
            startWriteback();
        } catch (IOException e) {
            // the hash went ahead of the file, so this ingest cannot go on; the next one hashes what is there
            abort();
            throw DiskErrors.of("write partial blob", path, e);
        }
    }

    /// Lets the disk work while bytes come, so that [#commit] has little to wait for. Only a hint.
    private void startWriteback() {
        long length = offset - writingBack;
        if (length < WRITEBACK_STEP_BYTES) {
            return;
        }
        try (Fd fd = Inodes.open(path.toString(), Inodes.O_WRONLY)) {
            Inodes.startWriteback(fd, writingBack, length);
        } catch (ErrnoException e) {
            System.getLogger(PartialFile.class.getName()).log(System.Logger.Level.DEBUG, "no early writeback", e);
        }
        writingBack = offset;
    }

    @Override
    public InputStream openWritten() {
        try {
            return new Bounded(Files.newInputStream(path), offset);
        } catch (IOException e) {
            throw DiskErrors.of("read partial blob", path, e);
        }
    }

    /// The first bytes of a file that grows.
    private static final class Bounded extends FilterInputStream {
        private long left;

        Bounded(InputStream in, long left) {
            super(in);
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int at, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = in.read(target, at, (int) Math.min(length, left));
            left -= Math.max(n, 0);
            return n;
        }
    }

    @Override
    public void restart() {
        try {
            file.truncate(0);
            file.position(0);
            offset = 0;
            writingBack = 0;
            hash = newHash();
        } catch (IOException e) {
            throw DiskErrors.of("truncate partial blob", path, e);
        }
    }

    @Override
    public ContentStore.Blob commit() {
        if (!open) {
            throw new IllegalStateException("the ingest is over");
        }
        if (expected != null && offset != expected.size()) {
            // not deleted: a connection that broke off is the likeliest cause, and the rest can still come
            close();
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    "blob " + expected.digest() + " ended after " + offset + " of " + expected.size() + " bytes");
        }
        Digest found =
                Digest.finish(expected == null ? "sha256" : expected.digest().algorithm(), hash.digest());
        if (expected != null && !found.equals(expected.digest())) {
            throw fail("the bytes that came have digest " + found);
        }
        try {
            // data before name: otherwise a power cut could leave the name on a file without its data
            file.force(false);
            ContentStore.Blob blob = store.admit(path, found, offset);
            keep = true;
            close();
            return blob;
        } catch (IOException e) {
            close();
            throw DiskErrors.of("commit blob", path, e);
        }
    }

    private KelpException fail(String why) {
        String what = expected == null ? "a blob" : "blob " + expected.digest();
        discard();
        return new KelpException(ErrorKind.DATA_LOSS, what + " was refused: " + why);
    }

    @Override
    public void discard() {
        keep = false;
        close();
    }

    private void abort() {
        close();
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        try {
            if (!keep) {
                Files.deleteIfExists(path);
            }
            file.close();
        } catch (IOException e) {
            throw DiskErrors.of("close partial blob", path, e);
        } finally {
            store.release(name);
        }
    }
}
