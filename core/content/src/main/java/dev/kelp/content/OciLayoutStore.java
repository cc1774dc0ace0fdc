// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A content store in one folder, laid out as "OCI Image Layout" of the image specification says: `oci-layout`,
/// `index.json` (always empty; names are the engine's), `blobs/ALGORITHM/HEX`. Partial blobs are
/// `ingest/ALGORITHM-HEX`, or `ingest/unnamed-N`; the length of the file is all the state there is.
public final class OciLayoutStore implements ContentStore {
    private static final List<String> ALGORITHMS = List.of("sha256", "sha512");
    private static final String UNNAMED = "unnamed-";

    private final Path root;
    private final Path ingests;
    private final ConcurrentHashMap<String, CountDownLatch> active = new ConcurrentHashMap<>();
    private final AtomicLong unnamed = new AtomicLong();
    private final Set<String> unsynced = ConcurrentHashMap.newKeySet();
    private final Object syncing = new Object();

    /// Opens the store, making its folders when they are missing. Partial blobs without a known digest, which
    /// nobody can
    /// resume, are deleted.
    ///
    /// @param root the folder, absolute; this process alone may change it
    public OciLayoutStore(Path root) {
        this.root = root;
        this.ingests = root.resolve("ingest");
        try {
            for (String algorithm : ALGORITHMS) {
                Files.createDirectories(root.resolve("blobs").resolve(algorithm));
            }
            Files.createDirectories(ingests);
            writeOnce(root.resolve("index.json"), "{\"schemaVersion\":2,\"manifests\":[]}");
            writeOnce(root.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
            deleteUnnamed();
        } catch (IOException e) {
            throw DiskErrors.of("open the content store", root.resolve("blobs"), e);
        }
        unsynced.addAll(ALGORITHMS);
    }

    private static void writeOnce(Path file, String content) throws IOException {
        if (!Files.exists(file)) {
            Path next = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(next, content, StandardCharsets.US_ASCII);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void deleteUnnamed() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(ingests, UNNAMED + "*")) {
            for (Path f : files) {
                Files.deleteIfExists(f);
            }
        }
    }

    static KelpException missing(Digest digest) {
        return KelpException.notFound("blob " + digest + " is not here");
    }

    private Path path(Digest digest) {
        return root.resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
    }

    @Override
    public Optional<Blob> find(Digest digest) {
        Path path = path(digest);
        try {
            BasicFileAttributes a = Files.readAttributes(path, BasicFileAttributes.class);
            return Optional.of(new Blob(digest, a.size(), a.lastModifiedTime().toInstant()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw DiskErrors.of("look for blob", path, e);
        }
    }

    @Override
    public InputStream open(Digest digest, long offset) {
        Path path = path(digest);
        try {
            FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
            file.position(offset);
            return Channels.newInputStream(file);
        } catch (NoSuchFileException e) {
            throw missing(digest);
        } catch (IOException e) {
            throw DiskErrors.of("open blob", path, e);
        }
    }

    @Override
    public InputStream openVerified(Descriptor descriptor) {
        return new VerifiedStream(open(descriptor.digest()), descriptor);
    }

    @Override
    public byte[] read(Descriptor descriptor, int bytesMax) {
        if (descriptor.size() > bytesMax) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "blob " + descriptor.digest() + " has " + descriptor.size() + " bytes, more than the " + bytesMax
                            + " allowed here");
        }
        try (InputStream in = openVerified(descriptor)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw DiskErrors.of("read blob", path(descriptor.digest()), e);
        }
    }

    @Override
    public Optional<Ingest> begin(Descriptor expected) {
        String name = expected.digest().algorithm() + "-" + expected.digest().hex();
        CountDownLatch mine = new CountDownLatch(1);
        while (true) {
            CountDownLatch other = active.putIfAbsent(name, mine);
            if (other == null) {
                break;
            }
            await(other, expected.digest());
        }
        try {
            if (exists(expected)) {
                release(name);
                return Optional.empty();
            }
            return Optional.of(PartialFile.resume(this, name, ingests.resolve(name), expected));
        } catch (RuntimeException | Error e) {
            release(name);
            throw e;
        }
    }

    private boolean exists(Descriptor expected) {
        Optional<Blob> blob = find(expected.digest());
        if (blob.isPresent() && blob.get().sizeBytes() != expected.size()) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    "blob " + expected.digest() + " has " + blob.get().sizeBytes() + " bytes on the disk, not "
                            + expected.size());
        }
        return blob.isPresent();
    }

    private static void await(CountDownLatch other, Digest digest) {
        try {
            other.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(
                    ErrorKind.CANCELLED, "interrupted while waiting for another ingest of blob " + digest, e);
        }
    }

    @Override
    public Ingest begin() {
        String name = UNNAMED + unnamed.incrementAndGet();
        active.put(name, new CountDownLatch(1));
        try {
            return PartialFile.resume(this, name, ingests.resolve(name), null);
        } catch (RuntimeException | Error e) {
            release(name);
            throw e;
        }
    }

    /// Lets the next one have its turn.
    void release(String name) {
        CountDownLatch latch = active.remove(name);
        if (latch != null) {
            latch.countDown();
        }
    }

    /// Gives a file, whose content was checked and written to the disk, its name.
    Blob admit(Path file, Digest digest, long sizeBytes) throws IOException {
        Files.move(file, path(digest), StandardCopyOption.ATOMIC_MOVE);
        unsynced.add(digest.algorithm());
        return new Blob(digest, sizeBytes, Instant.now());
    }

    @Override
    public void put(Descriptor descriptor, byte[] bytes) {
        Optional<Ingest> ingest = begin(descriptor);
        if (ingest.isEmpty()) {
            return;
        }
        try (Ingest i = ingest.get()) {
            if (i.offset() > 0) {
                i.restart();
            }
            i.write(ByteBuffer.wrap(bytes));
            i.commit();
        }
    }

    @Override
    public void sync() {
        // under the lock, so that who finds nothing left to do knows that it is done, not only begun
        synchronized (syncing) {
            for (String algorithm : ALGORITHMS) {
                if (!unsynced.remove(algorithm)) {
                    continue;
                }
                try {
                    syncFolder(root.resolve("blobs").resolve(algorithm));
                } catch (KelpException e) {
                    unsynced.add(algorithm);
                    throw e;
                }
            }
        }
    }

    private static void syncFolder(Path folder) {
        try (Fd fd = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.fsync(fd);
        } catch (ErrnoException e) {
            throw e.toKelp("write the content store's folder to the disk");
        }
    }

    @Override
    public List<Blob> list() {
        List<Blob> blobs = new ArrayList<>();
        for (String algorithm : ALGORITHMS) {
            Path folder = root.resolve("blobs").resolve(algorithm);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path f : files) {
                    digest(algorithm, String.valueOf(f.getFileName()))
                            .flatMap(this::find)
                            .ifPresent(blobs::add);
                }
            } catch (IOException e) {
                throw DiskErrors.of("list blobs of", folder, e);
            }
        }
        return blobs;
    }

    private static Optional<Digest> digest(String algorithm, String hex) {
        try {
            return Optional.of(new Digest(algorithm, hex));
        } catch (KelpException e) {
            return Optional.empty();
        }
    }

    @Override
    public List<Partial> partials() {
        List<Partial> partials = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(ingests)) {
            for (Path f : files) {
                @Nullable Partial p = partial(f);
                if (p != null) {
                    partials.add(p);
                }
            }
        } catch (IOException e) {
            throw DiskErrors.of("list partial blobs of", ingests, e);
        }
        return partials;
    }

    private @Nullable Partial partial(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        int dash = name.indexOf('-');
        Optional<Digest> digest = dash < 0 || name.startsWith(UNNAMED)
                ? Optional.empty()
                : digest(name.substring(0, dash), name.substring(dash + 1));
        try {
            BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
            return new Partial(digest, a.size(), a.lastModifiedTime().toInstant(), active.containsKey(name));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public boolean delete(Digest digest) {
        Path path = path(digest);
        try {
            return Files.deleteIfExists(path);
        } catch (IOException e) {
            throw DiskErrors.of("delete blob", path, e);
        }
    }

    @Override
    public long deletePartials(Instant time) {
        long freed = 0;
        for (Partial p : partials()) {
            if (p.active() || p.updated().isAfter(time) || p.digest().isEmpty()) {
                continue;
            }
            String name = p.digest().get().algorithm() + "-" + p.digest().get().hex();
            if (active.putIfAbsent(name, new CountDownLatch(1)) != null) {
                continue;
            }
            try {
                Files.deleteIfExists(ingests.resolve(name));
                freed += p.sizeBytes();
            } catch (IOException e) {
                throw DiskErrors.of("delete partial blob", ingests.resolve(name), e);
            } finally {
                release(name);
            }
        }
        return freed;
    }

    @Override
    public Usage usage() {
        List<Blob> blobs = list();
        List<Partial> partials = partials();
        return new Usage(
                blobs.size(),
                blobs.stream().mapToLong(Blob::sizeBytes).sum(),
                partials.size(),
                partials.stream().mapToLong(Partial::sizeBytes).sum());
    }
}
