// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.FileNames;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.ChangedTree.Form;
import dev.kelp.snapshot.diff.Change.Kind;
import dev.kelp.snapshot.layer.Whiteouts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Walks a tree and the layers below it side by side. One use per object.
final class ChangeWalk {
    /// PATH_MAX: what no system call takes as one path no tool could unpack either.
    static final int PATH_BYTES_MAX = 4096;

    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;

    private final Form form;
    private final Exclusions exclusions;
    private final ChangeVisitor visitor;
    /// Directories whose own change is told only when something below them is told.
    private final List<Change> held = new ArrayList<>();

    ChangeWalk(Form form, Exclusions exclusions, ChangeVisitor visitor) {
        this.form = form;
        this.exclusions = exclusions;
        this.visitor = visitor;
    }

    /// A directory on both sides.
    ///
    /// @param below the directories of that name in the layers below that are seen through each other, nearest
    /// first
    /// @param complete whether what is not in `own` is gone, although no whiteout says so
    private record Level(String path, Fd own, List<Fd> below, boolean complete) {}

    /// A name in the layers below.
    ///
    /// @param holder the directory in which the nearest one is
    /// @param depth its place among the level's directories
    private record Lower(Stat stat, Fd holder, int depth) {}

    void run(Fd root, List<Fd> parents) throws IOException {
        Stat stat = Inodes.stat(root);
        boolean same = !parents.isEmpty() && Comparison.sameMetadata(root, ".", stat, parents.getFirst(), ".");
        hold(new Change(same ? Kind.PARENT : parents.isEmpty() ? Kind.ADDED : Kind.MODIFIED, "", root, ".", stat));
        if (!same && !parents.isEmpty() && !exclusions.isAbove("")) {
            release();
        }
        walk(new Level("", root, parents, form == Form.WHOLE));
    }

    private void walk(Level level) throws IOException {
        Set<String> own = new HashSet<>(Inodes.list(level.own));
        Set<String> all = new HashSet<>(own);
        if (level.complete) {
            for (Fd below : level.below) {
                all.addAll(Inodes.list(below));
            }
        }
        List<String> names = new ArrayList<>(all);
        names.sort(null);
        for (String name : names) {
            Stat stat = own.contains(name) ? statOrNull(level.own, name) : null;
            Lower lower = lower(level, name);
            if (stat == null || (form == Form.OVERLAY && stat.isWhiteout())) {
                if (lower != null && (stat != null || !own.contains(name))) {
                    tell(new Change(Kind.DELETED, path(level, name), level.own, name, null));
                }
            } else {
                present(level, name, stat, lower);
            }
        }
    }

    private static String path(Level level, String name) {
        String path = level.path.isEmpty() ? name : level.path + "/" + name;
        if (path.length() > PATH_BYTES_MAX / 4 && FileNames.encode(path).length >= PATH_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "read the tree: the path `" + path.substring(0, 40) + "…` has more than " + PATH_BYTES_MAX
                            + " bytes");
        }
        return path;
    }

    private void present(Level level, String name, Stat stat, @Nullable Lower lower) throws IOException {
        String path = path(level, name);
        if (stat.isDirectory()) {
            directory(level, path, name, stat, lower);
            return;
        }
        if (lower == null && exclusions.isMountPoint(path) && stat.isRegular() && stat.sizeBytes() == 0) {
            return;
        }
        if (lower != null
                && form == Form.WHOLE
                && Comparison.sameFile(level.own, name, stat, lower.holder, lower.stat)) {
            return;
        }
        tell(new Change(lower == null ? Kind.ADDED : Kind.MODIFIED, path, level.own, name, stat));
    }

    private void directory(Level level, String path, String name, Stat stat, @Nullable Lower lower) throws IOException {
        Fd dir = openOrNull(level.own, name);
        if (dir == null) {
            return;
        }
        List<Fd> below = new ArrayList<>();
        try (dir) {
            if (lower != null && lower.stat.isDirectory()) {
                openBelow(level, name, lower.depth, below);
            }
            boolean over = !below.isEmpty();
            boolean opaque = form == Form.OVERLAY && Whiteouts.isOpaque(dir, ".");
            Kind kind = Kind.ADDED;
            if (lower != null) {
                boolean same = over && Comparison.sameMetadata(dir, ".", stat, below.getFirst(), ".");
                kind = same ? Kind.PARENT : Kind.MODIFIED;
            }
            int before = held.size();
            hold(new Change(kind, path, level.own, name, stat));
            if (isToldAtOnce(path, kind, stat, lower)) {
                release();
            }
            walk(new Level(path, dir, below, form == Form.WHOLE || opaque || level.complete));
            while (held.size() > before) {
                held.removeLast();
            }
        } finally {
            below.forEach(Fd::close);
        }
    }

    /// Null when it was removed, or replaced by something else, after it was listed.
    private static @Nullable Fd openOrNull(Fd parent, String name) throws ErrnoException {
        try {
            return Inodes.open(parent, name, DIRECTORY, 0);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR) || e.is(Errno.ELOOP)) {
                return null;
            }
            throw e;
        }
    }

    /// Directories that mount points were made in have a new time for that alone, and may be there for that alone.
    private boolean isToldAtOnce(String path, Kind kind, Stat stat, @Nullable Lower lower) {
        return switch (kind) {
            case ADDED -> !exclusions.isAbove(path) && !exclusions.isMountPoint(path);
            case MODIFIED -> !exclusions.isAbove(path) || lower == null || !Comparison.sameButForTime(stat, lower.stat);
            case DELETED, PARENT -> false;
        };
    }

    /// The directories called `name` below, down to the first that hides what is below it.
    private void openBelow(Level level, String name, int from, List<Fd> below) throws ErrnoException {
        for (Fd layer : level.below.subList(from, level.below.size())) {
            Stat stat = statOrNull(layer, name);
            if (stat == null) {
                continue;
            }
            if (!stat.isDirectory()) {
                return;
            }
            below.add(Inodes.open(layer, name, DIRECTORY, 0));
            if (form == Form.OVERLAY && Whiteouts.isOpaque(layer, name)) {
                return;
            }
        }
    }

    private @Nullable Lower lower(Level level, String name) throws ErrnoException {
        for (int i = 0; i < level.below.size(); i++) {
            Stat stat = statOrNull(level.below.get(i), name);
            if (stat != null) {
                boolean gone = form == Form.OVERLAY && stat.isWhiteout();
                return gone ? null : new Lower(stat, level.below.get(i), i);
            }
        }
        return null;
    }

    private static @Nullable Stat statOrNull(Fd dir, String name) throws ErrnoException {
        try {
            return Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return null;
            }
            throw e;
        }
    }

    private void hold(Change directory) {
        held.add(directory);
    }

    private void release() throws IOException {
        for (Change c : held) {
            visitor.change(c);
        }
        held.clear();
    }

    private void tell(Change change) throws IOException {
        release();
        visitor.change(change);
    }
}
