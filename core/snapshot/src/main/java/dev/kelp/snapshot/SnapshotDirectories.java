// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// The numbered directories of one snapshotter: `ROOT/<id>/{fs,work}`.
///
/// A directory is made before its record and goes after it, so a crash can only leave directories without a record.
/// [#sweep] tells those from directories being made by the set of ids in the making, which is enough because one
/// process
/// owns the data root. A directory to go is first renamed to `removing-<id>`: half-removed trees never look whole.
final class SnapshotDirectories {
    static final String FS = "fs";
    static final String WORK = "work";
    private static final String REMOVING = "removing-";

    private final Path root;
    private final Set<Long> making = ConcurrentHashMap.newKeySet();
    private final RemovedPlaces removedPlaces = new RemovedPlaces();

    SnapshotDirectories(Path root) {
        this.root = root;
        try {
            Files.createDirectories(root);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "create snapshot directory `" + root + "`: " + e, e);
        }
        spread();
    }

    /// ext4 puts what is made in a directory beside it, and without a journal it steps over each inode removed in
    /// the
    /// last minutes: where an image has just been removed, unpacking the next one took seventeen seconds instead of
    /// one. So each snapshot gets a place of its own. Other file systems refuse the flag and need none.
    private void spread() {
        try (Fd dir = open(root)) {
            Inodes.spreadDirectories(dir);
        } catch (ErrnoException e) {
            System.getLogger(SnapshotDirectories.class.getName())
                    .log(System.Logger.Level.DEBUG, "snapshots lie where the file system puts them", e);
        }
    }

    Path path(long id) {
        return root.resolve(Long.toString(id));
    }

    Path fs(long id) {
        return path(id).resolve(FS);
    }

    Path work(long id) {
        return path(id).resolve(WORK);
    }

    /// Announces an id whose directory has no record yet; [#made] ends that.
    void make(long id) {
        making.add(id);
    }

    void made(long id) {
        making.remove(id);
    }

    Fd open(Path path) {
        try {
            return Inodes.open(path.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW);
        } catch (ErrnoException e) {
            throw e.toKelp("open snapshot directory");
        }
    }

    /// Creates `ROOT/<id>/<each name>`, mode 0755; the outer one is 0700 so that only the engine sees other users'
    /// files.
    void create(long id, String... names) {
        try (Fd dir = open(root)) {
            String outer = Long.toString(id);
            Inodes.removeTree(dir, outer);
            removedPlaces.makeApart(dir, outer, 0700);
            try (Fd own = Inodes.open(dir, outer, Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
                for (String name : names) {
                    Inodes.mkdir(own, name, 0700);
                    Inodes.chmod(own, name, 0755);
                }
            }
        } catch (ErrnoException e) {
            throw e.toKelp("create snapshot directory " + path(id));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "create snapshot directory " + path(id) + ": " + e, e);
        }
    }

    /// Says that a large tree is to be removed, beside which the next ones should not lie.
    void removingLarge(long id) {
        try {
            removedPlaces.add(Inodes.lstat(fs(id).toString()).inode());
        } catch (ErrnoException e) {
            System.getLogger(SnapshotDirectories.class.getName())
                    .log(System.Logger.Level.DEBUG, "the place of snapshot " + id + " is not known", e);
        }
    }

    /// Removes a directory nobody names any more; none there is fine.
    void remove(long id) {
        try (Fd dir = open(root)) {
            String gone = REMOVING + id;
            try {
                Inodes.rename(dir, Long.toString(id), dir, gone, 0);
            } catch (ErrnoException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
            Inodes.removeTree(dir, gone);
        } catch (ErrnoException e) {
            throw e.toKelp("remove snapshot directory " + path(id));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove snapshot directory " + path(id) + ": " + e, e);
        }
    }

    /// Removes every directory whose id is neither in the making nor among `recorded`, which is asked for only
    /// after the
    /// directories were listed: an id that left the making by then has its record.
    int sweep(Supplier<Set<Long>> recorded) {
        int removed = 0;
        try (Fd dir = open(root)) {
            List<String> names = Inodes.list(dir);
            Set<Long> known = new HashSet<>(making);
            known.addAll(recorded.get());
            for (String name : names) {
                RemovedPlaces.sweep(dir, name);
                boolean removing = name.startsWith(REMOVING);
                String number = removing ? name.substring(REMOVING.length()) : name;
                if (!number.matches("[0-9]{1,18}") || (!removing && known.contains(Long.parseLong(number)))) {
                    continue;
                }
                remove(Long.parseLong(number));
                removed++;
            }
            return removed;
        } catch (ErrnoException e) {
            throw e.toKelp("clean up snapshot directories");
        }
    }

    /// What the tree at `path` occupies. Names that vanish while walking are not counted, nor is what lies deeper
    /// than a
    /// path can name.
    Usage measure(Path path) {
        long bytes = 0;
        long inodes = 0;
        Set<Long> linked = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of("."));
        try (Fd top = open(path)) {
            while (!open.isEmpty()) {
                String relative = open.pop();
                for (Entry e : entries(top, relative)) {
                    if (e.stat.isDirectory()) {
                        open.push(relative + "/" + e.name);
                    } else if (e.stat.links() > 1 && !linked.add(e.stat.inode())) {
                        continue;
                    }
                    bytes += e.stat.blocks() * 512;
                    inodes++;
                }
            }
            Stat own = Inodes.stat(top);
            return new Usage(bytes + own.blocks() * 512, inodes + 1);
        } catch (ErrnoException e) {
            throw e.toKelp("measure " + path);
        }
    }

    private record Entry(String name, Stat stat) {}

    private static List<Entry> entries(Fd top, String relative) throws ErrnoException {
        List<Entry> found = new ArrayList<>();
        try (Fd dir = Inodes.openResolved(
                top,
                relative,
                Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW,
                0,
                Inodes.RESOLVE_BENEATH | Inodes.RESOLVE_NO_SYMLINKS)) {
            for (String name : Inodes.list(dir)) {
                try {
                    found.add(new Entry(name, Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW)));
                } catch (ErrnoException e) {
                    if (!e.is(Errno.ENOENT)) {
                        throw e;
                    }
                }
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT) && !e.is(Errno.ENAMETOOLONG) && !e.is(Errno.ENOTDIR)) {
                throw e;
            }
        }
        return found;
    }
}
