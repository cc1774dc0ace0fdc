// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.snapshot.diff.TarWriter.Header;
import dev.kelp.snapshot.layer.Whiteouts;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;

/// Makes a tar of changes: a layer, or an archive of a tree that is all new. Of one inode's names the first holds the
/// content and the others are hard links to
/// it.
final class TreeTar implements ChangeVisitor {
    private static final int BUFFER_BYTES = 256 << 10;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final Stat WHITEOUT = new Stat(Stat.S_IFREG, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);

    private final TarWriter tar;
    private final boolean layer;
    private final ShownOwners owners;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final Map<Inode, String> linked = new HashMap<>();
    private long entries;
    private long leftOut;

    private record Inode(long number, long major, long minor) {}

    /// @param layer whether it is a layer, in which some names have a meaning, or just an archive
    TreeTar(OutputStream out, boolean layer, ShownOwners owners) {
        this.tar = new TarWriter(out);
        this.layer = layer;
        this.owners = owners;
    }

    /// What was written besides the root itself.
    long entries() {
        return entries;
    }

    /// Files that no layer can hold: names that would be read as whiteouts.
    long leftOut() {
        return leftOut;
    }

    void end() throws IOException {
        tar.end();
    }

    @Override
    public void change(Change c) throws IOException {
        if (c.path().isEmpty()) {
            if (layer && c.kind() != Change.Kind.PARENT) {
                plain(c, "./", '5', "");
            }
            return;
        }
        entries++;
        if (c.kind() == Change.Kind.DELETED) {
            String name = c.path().substring(c.path().lastIndexOf('/') + 1);
            String path = c.path().substring(0, c.path().length() - name.length()) + Whiteouts.PREFIX + name;
            tar.begin(new Header(path, '0', "", 0, WHITEOUT, 0, Map.of()));
            return;
        }
        if (layer && c.name().startsWith(Whiteouts.PREFIX)) {
            leftOut++;
            return;
        }
        try {
            present(c);
        } catch (ErrnoException e) {
            // gone, or something else by now
            if (!e.is(Errno.ENOENT) && !e.is(Errno.ELOOP) && !e.is(Errno.ENXIO)) {
                throw e;
            }
        }
    }

    private void present(Change c) throws IOException {
        Stat stat = c.now();
        if (!stat.isDirectory() && stat.links() > 1) {
            Inode inode = new Inode(stat.inode(), stat.deviceMajor(), stat.deviceMinor());
            String first = linked.putIfAbsent(inode, c.path());
            if (first != null) {
                tar.begin(new Header(c.path(), '1', first, 0, owners.of(stat), seconds(stat), Map.of()));
                return;
            }
        }
        switch (stat.type()) {
            case Stat.S_IFREG -> file(c);
            case Stat.S_IFDIR -> plain(c, c.path() + "/", '5', "");
            case Stat.S_IFLNK -> plain(c, c.path(), '2', Inodes.readlink(c.directory(), c.name()));
            case Stat.S_IFIFO -> plain(c, c.path(), '6', "");
            case Stat.S_IFCHR -> plain(c, c.path(), '3', "");
            case Stat.S_IFBLK -> plain(c, c.path(), '4', "");
            default -> {
                // a socket: means nothing without the process that bound it
            }
        }
    }

    private void plain(Change c, String path, char type, String link) throws IOException {
        Stat stat = c.now();
        tar.begin(new Header(
                path, type, link, 0, owners.of(stat), seconds(stat), PackedAttributes.of(c.directory(), c.name())));
    }

    private static long seconds(Stat stat) {
        return Math.floorDiv(stat.modifiedNanos(), SECOND_NANOS);
    }

    private void file(Change c) throws IOException {
        // it may be a FIFO by now, and opening that would wait
        int flags = Inodes.O_RDONLY | Inodes.O_NOFOLLOW | Inodes.O_NONBLOCK;
        Fd fd = Inodes.open(c.directory(), c.name(), flags, 0);
        try (InputStream in = Pipes.input(fd)) {
            Stat stat = Inodes.stat(fd);
            if (!stat.isRegular()) {
                return;
            }
            tar.begin(new Header(
                    c.path(),
                    '0',
                    "",
                    stat.sizeBytes(),
                    owners.of(stat),
                    seconds(stat),
                    PackedAttributes.of(c.directory(), c.name())));
            for (int n = 0; n >= 0 && tar.left() > 0; n = in.read(buffer)) {
                tar.write(buffer, n);
            }
            fill();
        }
    }

    /// A file that became shorter while it was read.
    private void fill() throws IOException {
        byte[] zeros = new byte[tar.left() == 0 ? 0 : BUFFER_BYTES];
        while (tar.left() > 0) {
            tar.write(zeros, zeros.length);
        }
    }
}
