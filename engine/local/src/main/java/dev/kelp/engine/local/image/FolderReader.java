// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.ImageLocation.Transport;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.registry.ImageSelector;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads images from a folder of the user's, an OCI layout or a `dir:`. The user's client opens every file. What other
/// platforms would need may be missing, as in archives.
final class FolderReader implements ImageFiles {
    private final ImageContents contents;
    private final BlobIntake intake;
    private final ImageLocation from;
    private final UserEnvironment user;
    private final Map<String, byte[]> documents = new HashMap<>();
    private final Set<Digest> visited = new HashSet<>();

    FolderReader(ImageContents contents, BlobIntake intake, ImageLocation from, UserEnvironment user) {
        this.contents = contents;
        this.intake = intake;
        this.from = from;
        this.user = user;
    }

    void read() {
        try {
            if (from.transport() == Transport.OCI) {
                layout();
            } else {
                directory();
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.DATA_LOSS, "read `" + from + "`: " + e.getMessage(), e);
        }
    }

    private byte[] topDocument(String name, String kind) {
        return user.readFile(from.child(name), OciJson.DOCUMENT_BYTES_MAX)
                .orElseThrow(() -> KelpException.notFound(
                        "`" + from.path() + "` is no " + kind + ": there is no `" + name + "` in it"));
    }

    private void layout() throws IOException {
        byte[] bytes = topDocument("index.json", "OCI layout");
        documents.put("index.json", bytes);
        for (Descriptor d : OciJson.read(bytes, Index.class, "`index.json` of `" + from + "`")
                .manifests()) {
            if (Load.isImage(d) && Load.isMeant(d, from.reference())) {
                below(d, 1);
            }
        }
    }

    /// A manifest or an index of a layout, and what it leads to.
    private void below(Descriptor d, int depth) throws IOException {
        if (!visited.add(d.digest())) {
            return;
        }
        ImageContents.checkCount(visited);
        if (!take(
                d,
                from.child("blobs/" + d.digest().algorithm() + "/" + d.digest().hex()))) {
            return;
        }
        Document document = contents.document(d);
        if (!document.isIndex()) {
            for (Descriptor blob : blobs(document.manifest())) {
                take(
                        blob,
                        from.child("blobs/" + blob.digest().algorithm() + "/"
                                + blob.digest().hex()));
            }
        } else if (depth < ImageSelector.DEPTH_MAX) {
            for (Descriptor m : document.index().manifests()) {
                if (Load.isImage(m)) {
                    below(m, depth + 1);
                }
            }
        }
    }

    private static List<Descriptor> blobs(Manifest manifest) {
        List<Descriptor> blobs = new java.util.ArrayList<>(manifest.layers());
        blobs.add(manifest.config());
        return blobs;
    }

    /// Whether the blob is here now; a file that is missing may be another platform's.
    private boolean take(Descriptor d, String path) throws IOException {
        try {
            intake.named(d, () -> open(path));
            return true;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    private InputStream open(String path) {
        return Pipes.input(user.open(path, Inodes.O_RDONLY | Inodes.O_NONBLOCK, 0));
    }

    /// A `dir:`: the manifest, its blobs under their digests, an index' manifests as `HEX.manifest.json`.
    private void directory() throws IOException {
        Document top = document(topDocument("manifest.json", "image folder"), Optional.empty());
        if (top.isIndex()) {
            for (Descriptor m : top.index().manifests()) {
                Optional<byte[]> bytes =
                        user.readFile(from.child(m.digest().hex() + ".manifest.json"), OciJson.DOCUMENT_BYTES_MAX);
                if (Load.isImage(m) && bytes.isPresent()) {
                    blobsOf(document(bytes.get(), Optional.of(m.digest())));
                }
            }
        } else {
            blobsOf(top);
        }
        documents.put("index.json", OciJson.write(Index.of(List.of(top.descriptor()))));
    }

    private Document document(byte[] bytes, Optional<Digest> expected) {
        Document document =
                DocumentReader.read(bytes, Optional.empty(), expected.orElse(null), "the manifest in `" + from + "`");
        intake.put(document.descriptor(), bytes);
        return document;
    }

    private void blobsOf(Document document) throws IOException {
        if (MediaTypes.isManifest(document.descriptor().mediaType())) {
            for (Descriptor blob : blobs(document.manifest())) {
                take(blob, from.child(blob.digest().hex()));
            }
        }
    }

    @Override
    public Optional<byte[]> document(String name) {
        return Optional.ofNullable(documents.get(name));
    }

    @Override
    public Stored file(String path) {
        throw new KelpException(ErrorKind.DATA_LOSS, "`" + from + "` lacks `" + path + "`");
    }
}
