// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes images into a folder of the user's, whose client opens every file. Blobs come first, under names that say
/// what is in them; the small document that leads to them replaces the one before at once.
final class FolderWriter implements ImageTarget {
    private static final int FOLDER_MODE = 0755;
    private static final int FILE_MODE = 0644;

    private final ImageLocation to;
    private final UserEnvironment user;

    FolderWriter(ImageLocation to, UserEnvironment user) {
        this.to = to;
        this.user = user;
        user.makeDirectories(to.path(), FOLDER_MODE);
    }

    @Override
    public void directory(String name) {
        user.makeDirectories(to.child(name), FOLDER_MODE);
    }

    @Override
    public void file(String name, byte[] content) {
        user.writeFile(to.child(name), content, FILE_MODE);
    }

    /// A layout's list of images: those that are there stay, but for one of the same tag.
    void index(List<Descriptor> added) {
        String path = to.child("index.json");
        List<Descriptor> all = new ArrayList<>();
        Optional<byte[]> before = user.readFile(path, OciJson.DOCUMENT_BYTES_MAX);
        if (before.isPresent()) {
            Index index = OciJson.read(before.get(), Index.class, "`" + path + "`");
            index.manifests().stream()
                    .filter(old -> added.stream().noneMatch(d -> replaces(d, old)))
                    .forEach(all::add);
        }
        all.addAll(added);
        file("index.json", OciJson.write(Index.of(all)));
    }

    /// Two whole names are compared as such, else tags, and where there is none the images.
    private static boolean replaces(Descriptor added, Descriptor old) {
        if (!annotation(added, ArchiveWriter.NAME).isEmpty()
                && !annotation(old, ArchiveWriter.NAME).isEmpty()) {
            return annotation(added, ArchiveWriter.NAME).equals(annotation(old, ArchiveWriter.NAME));
        }
        String tag = annotation(added, ArchiveWriter.REF_NAME);
        return tag.equals(annotation(old, ArchiveWriter.REF_NAME))
                && (!tag.isEmpty() || added.digest().equals(old.digest()));
    }

    private static String annotation(Descriptor d, String key) {
        Map<String, String> annotations = d.annotations() == null ? Map.of() : d.annotations();
        return annotations.getOrDefault(key, "");
    }

    @Override
    public void file(String name, long size, InputStream content) throws IOException {
        String path = to.child(name);
        if (isThere(path, size)) {
            return;
        }
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC;
        try (OutputStream out = Pipes.output(user.open(path, flags, FILE_MODE))) {
            long copied = content.transferTo(out);
            if (copied != size) {
                throw new IOException(name + " has " + copied + " bytes, not " + size);
            }
        }
    }

    /// A blob of that name and size; one that was broken off is shorter.
    private boolean isThere(String path, long size) throws IOException {
        try (Fd there = user.open(path, Inodes.O_PATH, 0)) {
            return Inodes.stat(there).sizeBytes() == size;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void end() {
        // every file is closed
    }
}
