// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.OciJson;
import dev.kelp.snapshot.layer.Decompression;
import dev.kelp.snapshot.layer.UnpackLimits;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads an archive in one pass: blobs go to the content store under the lease, the documents that say what they are
/// stay in memory. Nothing is written to a path the archive names.
final class ArchiveReader implements ImageFiles {
    private static final int BUFFER_BYTES = 128 << 10;
    private static final int LINKS_MAX = 16;
    /// What archives hold besides layers and configurations, and nobody needs.
    private static final String LEGACY = "(?:.*/)?(?:VERSION|json|repositories)";

    private final BlobIntake intake;
    private final Map<String, byte[]> documents = new HashMap<>();
    private final Map<String, Stored> files = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();

    ArchiveReader(BlobIntake intake) {
        this.intake = intake;
    }

    void read(InputStream archive) {
        try (InputStream in = decompress(archive)) {
            TarReader tar = new TarReader(in);
            for (TarReader.Entry e = tar.next(); e != null; e = tar.next()) {
                String name = normalize(e.name());
                switch (e.type()) {
                    case '0' -> file(name, e.size(), tar.content());
                    case '1' -> links.put(name, normalize(e.link()));
                    case '2' -> links.put(name, normalize(resolve(name, e.link())));
                    default -> {}
                }
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.DATA_LOSS, "read the archive: " + e.getMessage(), e);
        }
    }

    private static InputStream decompress(InputStream archive) throws IOException {
        BufferedInputStream in = new BufferedInputStream(archive, BUFFER_BYTES);
        in.mark(1);
        if (in.read() < 0) {
            throw KelpException.invalid("the archive is empty")
                    .withHint("give an image archive as input: kelp load < FILE");
        }
        in.reset();
        return new BufferedInputStream(Decompression.open(in, UnpackLimits.DEFAULT), BUFFER_BYTES);
    }

    private void file(String name, long size, InputStream in) throws IOException {
        Optional<Digest> digest = blobName(name);
        if (digest.isPresent()) {
            Descriptor blob = Descriptor.of("application/octet-stream", digest.get(), size);
            files.put(name, intake.named(blob, () -> in));
        } else if (name.equals("index.json") || name.equals("manifest.json") || name.equals("oci-layout")) {
            if (size > OciJson.DOCUMENT_BYTES_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, "`" + name + "` of the archive has " + size + " bytes");
            }
            documents.put(name, in.readAllBytes());
        } else if (!name.matches(LEGACY)) {
            files.put(name, intake.unnamed(in));
        }
    }

    private static Optional<Digest> blobName(String name) {
        String[] parts = name.split("/", -1);
        if (parts.length != 3 || !parts[0].equals("blobs")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Digest(parts[1], parts[2]));
        } catch (KelpException e) {
            return Optional.empty();
        }
    }

    /// Without `./`, `//` and a leading `/`; `..` steps back, never out.
    static String normalize(String name) {
        ArrayDeque<String> parts = new ArrayDeque<>();
        for (String p : name.split("/", -1)) {
            if (p.equals("..")) {
                parts.pollLast();
            } else if (!p.isEmpty() && !p.equals(".")) {
                parts.addLast(p);
            }
        }
        return String.join("/", parts);
    }

    private static String resolve(String link, String target) {
        int slash = link.lastIndexOf('/');
        return target.startsWith("/") || slash < 0 ? target : link.substring(0, slash) + "/" + target;
    }

    @Override
    public Optional<byte[]> document(String name) {
        return Optional.ofNullable(documents.get(name));
    }

    /// Links are followed.
    @Override
    public Stored file(String path) {
        String at = normalize(path);
        for (int i = 0; i < LINKS_MAX; i++) {
            @Nullable Stored found = files.get(at);
            if (found != null) {
                return found;
            }
            String next = links.get(at);
            if (next == null) {
                break;
            }
            at = next;
        }
        throw new KelpException(ErrorKind.DATA_LOSS, "the archive lacks `" + path + "`, which its manifest names");
    }
}
