// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.NativeBuffer;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget.Deletions;
import dev.kelp.snapshot.layer.TargetDirectories.Directory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes one layer's tar into a directory, as uid 0 of a user namespace. One use per object.
///
/// * Files are made anew with O_EXCL, whatever the name was before: a hard link to the old file, or a link planted
///   by
/// an
///   earlier entry, is never written through.
/// * Owner, then attributes, then mode, then times: chown clears setuid bits and `security.capability`, writing
///   changes times. Directories get all of theirs at the end, when nothing is made in them any more.
/// * A whiteout acts on what parents brought, never on what this layer brings, wherever in the tar it stands (OCI
///   image specification, "Whiteouts").
/// * Device nodes are left out, as containerd does in a user namespace. Attributes the kernel refuses are counted.
public final class LayerUnpacker implements AutoCloseable {
    private static final int CREATE = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL | Inodes.O_NOFOLLOW;
    private static final int STREAM_BLOCK_BYTES = 64 << 10;

    private final Fd root;
    private final Deletions deletions;
    private final UnpackPolicy policy;
    private final TargetDirectories directories;
    private final Metadata metadata;
    private final LayerPaths paths = new LayerPaths();
    private final Map<String, TarEntry> unfinished = new LinkedHashMap<>();
    private final List<PendingInheritance.Link> links = new ArrayList<>();
    private final UnpackedUsage usage = new UnpackedUsage();
    private boolean opaqueRoot;
    private long entries;
    private long fileBytes;
    private long skippedDevices;

    /// @param root the directory that takes the files; the caller's to close
    public LayerUnpacker(Fd root, Deletions deletions, UnpackPolicy policy) {
        this.root = root;
        this.deletions = deletions;
        this.policy = policy;
        this.directories = new TargetDirectories(root, deletions);
        this.metadata = new Metadata(policy);
    }

    /// Unpacks an uncompressed tar and reads `tar` to its end. Blocks: not for virtual threads.
    ///
    /// @throws KelpException INVALID_ARGUMENT or UNSUPPORTED for a tar that cannot be unpacked, DATA_LOSS for one
    ///     that is cut short, RESOURCE_EXHAUSTED beyond a limit; the directory then holds part of it
    public void unpack(InputStream tar) throws IOException {
        try (NativeBuffer memory = new NativeBuffer(STREAM_BLOCK_BYTES)) {
            byte[] copy = new byte[STREAM_BLOCK_BYTES];
            ByteBuffer block = memory.bytes();
            unpack(() -> {
                int n = tar.read(copy, 0, copy.length);
                return n < 0 ? null : block.clear().put(copy, 0, n).flip();
            });
            while (tar.read(copy, 0, copy.length) >= 0) {
                // padding after the archive
            }
        }
    }

    void unpack(BlockSource blocks) throws IOException {
        TarReader tar = new TarReader(blocks, policy.limits());
        String at = "";
        try {
            for (TarEntry e = tar.next(); e != null; e = tar.next()) {
                at = e.path();
                unpack(e, tar);
            }
            entries = tar.entries();
            finishDirectories();
        } catch (ErrnoException e) {
            throw e.toKelp("unpack layer: `" + at + "`");
        }
    }

    public UnpackReport report() {
        return new UnpackReport(
                entries,
                fileBytes,
                skippedDevices,
                metadata.squashedOwners(),
                metadata.droppedXattrs(),
                usage.total(directories.implied().size()));
    }

    /// What the parents still have to give, see [LayerApplication#inherit].
    public PendingInheritance pending() {
        boolean needsParents = deletions == Deletions.OVERLAY;
        return new PendingInheritance(needsParents ? directories.implied() : List.of(), links, opaqueRoot);
    }

    private void unpack(TarEntry entry, TarReader tar) throws IOException {
        String path = LayerPath.clean(entry.path());
        if (path.isEmpty()) {
            if (entry.type() != TarEntry.DIRECTORY) {
                throw refuse(entry, "stands in the place of the root directory");
            }
            unfinished.put(path, entry);
            return;
        }
        String name = LayerPath.name(path);
        if (path.contains(Whiteouts.PREFIX) && isWhiteout(entry, path, name)) {
            return;
        }
        Directory parent = directories.open(LayerPath.parent(path));
        switch (entry.type()) {
            case TarEntry.REGULAR -> file(entry, path, parent, tar);
            case TarEntry.DIRECTORY -> directory(entry, path, parent);
            case TarEntry.SYMLINK -> symlink(entry, path, parent);
            case TarEntry.HARD_LINK -> hardLink(entry, path, parent);
            case TarEntry.FIFO -> fifo(entry, path, parent);
            default -> {
                skippedDevices++;
                return;
            }
        }
        if (deletions == Deletions.REMOVE) {
            paths.add(path);
        }
    }

    private static KelpException refuse(TarEntry entry, String why) {
        return new KelpException(ErrorKind.INVALID_ARGUMENT, "unpack layer: `" + entry.path() + "` " + why);
    }

    // ---- kinds of files

    private void file(TarEntry entry, String path, Directory parent, TarReader tar) throws IOException {
        String name = LayerPath.name(path);
        fileBytes += entry.sizeBytes();
        if (fileBytes > policy.limits().uncompressedBytes()) {
            throw Decompression.tooLarge(policy.limits());
        }
        try (Fd fd = create(path, parent, name)) {
            for (ByteBuffer piece = tar.content(); piece != null; piece = tar.content()) {
                Pipes.writeAll(fd, piece);
            }
            metadata.file(fd, entry, parent.setGroup());
        }
        usage.addFile(entry.sizeBytes());
    }

    private Fd create(String path, Directory parent, String name) throws IOException {
        try {
            return Inodes.open(parent.fd(), name, CREATE, 0600);
        } catch (ErrnoException e) {
            return Inodes.open(clear(e, path, parent).fd(), name, CREATE, 0600);
        }
    }

    private void symlink(TarEntry entry, String path, Directory parent) throws IOException {
        String name = LayerPath.name(path);
        if (entry.link().isEmpty()) {
            throw refuse(entry, "is a symbolic link to nothing");
        }
        Directory dir = parent;
        try {
            Inodes.symlink(entry.link(), dir.fd(), name);
        } catch (ErrnoException e) {
            dir = clear(e, path, parent);
            Inodes.symlink(entry.link(), dir.fd(), name);
        }
        usage.addSymlink(entry.link());
        metadata.node(dir.fd(), name, entry, dir.setGroup());
    }

    private void fifo(TarEntry entry, String path, Directory parent) throws IOException {
        String name = LayerPath.name(path);
        Directory dir = parent;
        try {
            Inodes.mknod(dir.fd(), name, Stat.S_IFIFO | 0600, 0, 0);
        } catch (ErrnoException e) {
            dir = clear(e, path, parent);
            Inodes.mknod(dir.fd(), name, Stat.S_IFIFO | 0600, 0, 0);
        }
        usage.addFile(0);
        metadata.node(dir.fd(), name, entry, dir.setGroup());
    }

    private void hardLink(TarEntry entry, String path, Directory parent) throws IOException {
        String target = LayerPath.clean(entry.link());
        if (target.isEmpty()) {
            throw refuse(entry, "is a hard link to the root directory");
        }
        Directory from = directories.open(LayerPath.parent(target));
        String fromName = LayerPath.name(target);
        Stat source;
        try {
            source = Inodes.stat(from.fd(), fromName, Inodes.AT_SYMLINK_NOFOLLOW);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) && deletions == Deletions.OVERLAY) {
                links.add(new PendingInheritance.Link(path, target));
                return;
            }
            throw e;
        }
        if (target.equals(path)) {
            return;
        }
        if (source.isDirectory() || source.isWhiteout()) {
            throw refuse(entry, "is a hard link to `" + target + "`, which is not a file");
        }
        String name = LayerPath.name(path);
        try {
            Inodes.link(from.fd(), fromName, parent.fd(), name, 0);
        } catch (ErrnoException e) {
            if (e.is(Errno.EEXIST)
                    && Inodes.stat(parent.fd(), name, Inodes.AT_SYMLINK_NOFOLLOW)
                            .sameFile(source)) {
                return;
            }
            Directory to = clear(e, path, parent);
            Directory again = directories.open(LayerPath.parent(target));
            Inodes.link(again.fd(), fromName, to.fd(), name, 0);
        }
    }

    private void directory(TarEntry entry, String path, Directory parent) throws IOException {
        String name = LayerPath.name(path);
        unfinished.put(path, entry);
        try {
            Inodes.mkdir(parent.fd(), name, 0700);
            return;
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        Stat old = Inodes.stat(parent.fd(), name, Inodes.AT_SYMLINK_NOFOLLOW);
        usage.forget();
        if (old.isDirectory()) {
            return;
        }
        Inodes.unlink(parent.fd(), name, 0);
        Inodes.mkdir(parent.fd(), name, 0700);
        if (deletions == Deletions.OVERLAY) {
            // what stood here hid the parents' directory, and so must this one
            Whiteouts.makeOpaque(parent.fd(), name);
        }
        if (old.isSymlink()) {
            directories.forget();
        }
    }

    /// Removes what is in the way of a new file; `failure` must say EEXIST. Open directories may be gone after it.
    private Directory clear(ErrnoException failure, String path, Directory parent) throws IOException {
        if (!failure.is(Errno.EEXIST)) {
            throw failure;
        }
        remove(path, parent);
        return directories.open(LayerPath.parent(path));
    }

    private void remove(String path, Directory parent) throws IOException {
        String name = LayerPath.name(path);
        usage.forget();
        Stat old = Inodes.stat(parent.fd(), name, Inodes.AT_SYMLINK_NOFOLLOW);
        Inodes.removeTree(parent.fd(), name);
        if (old.isDirectory()) {
            unfinished.remove(path);
            unfinished.keySet().removeIf(p -> p.startsWith(path + "/"));
            paths.removeBelow(path);
        }
        if (old.isDirectory() || old.isSymlink()) {
            directories.forget();
        }
    }

    // ---- whiteouts

    /// Handles names that begin with `.wh.`; false for a name that only looks like it.
    private boolean isWhiteout(TarEntry entry, String path, String name) throws IOException {
        if (name.equals(Whiteouts.OPAQUE)) {
            makeOpaque(LayerPath.parent(path));
            return true;
        }
        if (path.startsWith(Whiteouts.META_PREFIX) || path.contains("/" + Whiteouts.META_PREFIX)) {
            return true;
        }
        if (!name.startsWith(Whiteouts.PREFIX)) {
            return false;
        }
        String gone = name.substring(Whiteouts.PREFIX.length());
        if (gone.isEmpty() || gone.equals(".") || gone.equals("..")) {
            throw refuse(entry, "is a whiteout of nothing");
        }
        Directory parent = directories.open(LayerPath.parent(path));
        String gonePath = LayerPath.child(LayerPath.parent(path), gone);
        usage.forget();
        if (deletions == Deletions.REMOVE) {
            removeInherited(parent, gonePath);
        } else {
            mark(parent, gone);
        }
        return true;
    }

    private static void mark(Directory parent, String gone) throws ErrnoException {
        try {
            Whiteouts.mark(parent.fd(), gone);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
            // this layer has brought the name itself; only a directory would let the parents' files show through
            if (Inodes.stat(parent.fd(), gone, Inodes.AT_SYMLINK_NOFOLLOW).isDirectory()) {
                Whiteouts.makeOpaque(parent.fd(), gone);
            }
        }
    }

    private void makeOpaque(String path) throws IOException {
        Directory directory = directories.open(path);
        if (deletions == Deletions.REMOVE) {
            removeInheritedBelow(directory, path);
        } else if (path.isEmpty()) {
            // overlayfs never treats its root as opaque
            opaqueRoot = true;
        } else {
            Whiteouts.makeOpaque(directory.fd(), ".");
        }
    }

    private void removeInherited(Directory parent, String path) throws IOException {
        String name = LayerPath.name(path);
        Stat old;
        try {
            old = Inodes.stat(parent.fd(), name, Inodes.AT_SYMLINK_NOFOLLOW);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return;
            }
            throw e;
        }
        if (!paths.contains(path)) {
            remove(path, parent);
        } else if (old.isDirectory()) {
            removeInheritedBelow(directories.open(path), path);
        }
    }

    private void removeInheritedBelow(Directory directory, String path) throws IOException {
        List<String> names;
        try (Fd listing = Inodes.open(directory.fd(), ".", Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
            names = Inodes.list(listing);
        }
        for (String name : names) {
            // asked for each time: removing may have closed it
            removeInherited(directories.open(path), LayerPath.child(path, name));
        }
    }

    // ---- the end

    private void finishDirectories() throws ErrnoException {
        int flags = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
        for (Map.Entry<String, TarEntry> e : unfinished.entrySet()) {
            String path = e.getKey().isEmpty() ? "." : e.getKey();
            long inRoot = Inodes.RESOLVE_IN_ROOT | Inodes.RESOLVE_NO_MAGICLINKS;
            try (Fd fd = Inodes.openResolved(root, path, flags, 0, inRoot)) {
                metadata.directory(fd, e.getValue());
                usage.addDirectory(Inodes.stat(fd));
            } catch (ErrnoException x) {
                // a later entry put something else there
                if (!x.is(Errno.ENOENT) && !x.is(Errno.ENOTDIR) && !x.is(Errno.ELOOP)) {
                    throw x;
                }
            }
        }
        if (!unfinished.containsKey("")) {
            usage.addDirectory(Inodes.stat(root));
        }
    }

    @Override
    public void close() {
        directories.close();
    }
}
