// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Copies a file or a tree from one side to the other. What is there stays unless something of that name takes its
/// place; a folder is not replaced by a file, nor a file by a folder.
///
/// @param warn takes a sentence about what cannot be copied
record TreeCopier(Consumer<String> warn) {
    private static final int DEPTH_MAX = 512;

    void copy(Folder from, String name, Folder to, String newName) {
        try {
            Stat stat = from.stat(name)
                    .orElseThrow(() -> KelpException.notFound("`" + from.path(name) + "` does not exist"));
            copy(from, name, stat, to, newName, null, 0);
        } catch (ErrnoException e) {
            throw e.toKelp("copy `" + from.path(name) + "` to `" + to.path(newName) + "`");
        }
    }

    /// A file that is open already; closes it.
    void copyOpened(Fd source, String name, Folder to, String newName) {
        try (source) {
            refuseOther(to, newName, false);
            Stat now = Inodes.stat(source);
            try (Fd target = to.create(newName, now.permissions())) {
                FileData.copy(source, target, now.isRegular() ? now.sizeBytes() : 0);
                settle(target, now, to);
            }
        } catch (ErrnoException e) {
            throw e.toKelp("copy `" + name + "` to `" + to.path(newName) + "`");
        }
    }

    /// What is in one folder into another, which may be below it and is then left out.
    void copyContents(Folder from, Folder to) {
        try {
            contents(from, to, to.stat(".").orElse(null), 0);
        } catch (ErrnoException e) {
            throw e.toKelp("copy `" + from.path("") + "` to `" + to.path("") + "`");
        }
    }

    private void contents(Folder from, Folder to, @Nullable Stat top, int depth) throws ErrnoException {
        if (depth > DEPTH_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "`" + from.path("") + "` is more than " + DEPTH_MAX + " folders deep");
        }
        for (String name : from.names()) {
            FileData.checkInterrupted();
            var stat = from.stat(name);
            // gone meanwhile
            if (stat.isPresent() && top != null && stat.get().sameFile(top)) {
                warn.accept("`" + from.path(name) + "` is where the copy goes: it is left out");
            } else if (stat.isPresent()) {
                copy(from, name, stat.get(), to, name, top, depth);
            }
        }
    }

    private void copy(Folder from, String name, Stat stat, Folder to, String newName, @Nullable Stat top, int depth)
            throws ErrnoException {
        switch (stat.type()) {
            case Stat.S_IFREG -> file(from, name, to, newName);
            case Stat.S_IFDIR -> {
                refuseOther(to, newName, true);
                try (Folder source = from.folder(name);
                        Folder target = to.makeFolder(newName, stat.permissions())) {
                    contents(source, target, top, depth + 1);
                }
                to.settleFolder(newName, stat);
            }
            case Stat.S_IFLNK -> {
                refuseOther(to, newName, false);
                to.makeLink(from.link(name), newName);
                to.settleLink(newName, stat);
            }
            default -> warn.accept("`" + from.path(name) + "` is neither file, folder nor link: it is left out");
        }
    }

    private static void file(Folder from, String name, Folder to, String newName) throws ErrnoException {
        refuseOther(to, newName, false);
        try (Fd source = from.read(name)) {
            Stat now = Inodes.stat(source);
            if (!now.isRegular()) {
                throw new KelpException(ErrorKind.CONFLICT, "`" + from.path(name) + "` changed while it was copied");
            }
            try (Fd target = to.create(newName, now.permissions())) {
                FileData.copy(source, target, now.sizeBytes());
                settle(target, now, to);
            }
        }
    }

    /// A terminal or another device that stands for a file keeps the mode that keeps others out.
    private static void settle(Fd target, Stat like, Folder to) throws ErrnoException {
        if (Inodes.stat(target).isRegular()) {
            to.settle(target, like);
        }
    }

    private static void refuseOther(Folder to, String name, boolean directory) throws ErrnoException {
        var there = to.stat(name);
        if (there.isPresent() && there.get().isDirectory() != directory) {
            throw KelpException.invalid(
                    directory
                            ? "cannot copy a directory to the file `" + to.path(name) + "`"
                            : "cannot overwrite the directory `" + to.path(name) + "` with a file");
        }
    }
}
