// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.ImageLocation.Transport;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.FileLocks;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Writes images into a folder of the user's, whose client opens every file. Blobs come first, under names that say
/// what is in them; the small document that leads to them replaces the one before at once. One writes at a time: a blob
/// of full size is whole then, for whoever is broken off leaves a shorter one.
final class FolderWriter implements ImageTarget, AutoCloseable {
    /// What the file `version` of a `dir:` starts with.
    static final String DIRECTORY_VERSION = "Directory Transport Version";

    private static final int FOLDER_MODE = 0755;
    private static final int FILE_MODE = 0644;
    private static final int SMALL_BYTES_MAX = 1 << 16;

    private final ImageLocation to;
    private final UserEnvironment user;
    private final Fd folder;

    /// @throws KelpException [ErrorKind#FAILED_PRECONDITION] when files of something else would be replaced, and
    ///     [ErrorKind#UNAVAILABLE] while another writes there
    FolderWriter(ImageLocation to, UserEnvironment user) {
        this.to = to;
        this.user = user;
        user.makeDirectories(to.path(), FOLDER_MODE);
        this.folder = user.open(to.path(), Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0);
        try {
            if (isTaken()) {
                throw new KelpException(
                        ErrorKind.UNAVAILABLE,
                        "cannot write to `" + to.path() + "`: another image is being saved there");
            }
            checkKind();
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    private boolean isTaken() {
        try {
            return !FileLocks.tryExclusive(folder);
        } catch (ErrnoException e) {
            // some network file systems lock no folders
            return false;
        }
    }

    /// What is written first says what the folder is; without it, files of the names to be written are another's.
    private void checkKind() {
        boolean layout = to.transport() == Transport.OCI;
        boolean ours = layout ? isThere("oci-layout") : isImageFolder();
        for (String name : layout ? List.of("index.json") : List.of("manifest.json", "version")) {
            if (!ours && isThere(name)) {
                throw new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                "`" + to.path() + "` is no " + (layout ? "OCI layout" : "image folder")
                                        + ", but has a file `" + name + "` that would be replaced")
                        .withHint("give a folder that is new or empty");
            }
        }
    }

    private boolean isImageFolder() {
        return isThere("version")
                && user.readFile(to.child("version"), SMALL_BYTES_MAX)
                        .map(b -> new String(b, StandardCharsets.UTF_8).startsWith(DIRECTORY_VERSION))
                        .orElse(false);
    }

    private boolean isThere(String name) {
        try (Fd _ = user.open(to.child(name), Inodes.O_PATH, 0)) {
            return true;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        folder.close();
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
        Index before = user.readFile(path, OciJson.DOCUMENT_BYTES_MAX)
                .map(b -> OciJson.read(b, Index.class, "`" + path + "`"))
                .orElse(Index.of(List.of()));
        List<Descriptor> all = new ArrayList<>(before.manifests().stream()
                .filter(old -> added.stream().noneMatch(d -> replaces(d, old)))
                .toList());
        all.addAll(added);
        file(
                "index.json",
                OciJson.write(new Index(
                        before.schemaVersion(),
                        before.mediaType(),
                        before.artifactType(),
                        all,
                        before.subject(),
                        before.annotations())));
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
        if (isWhole(path, size)) {
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
    private boolean isWhole(String path, long size) throws IOException {
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
