// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;

/// Where on the disk large trees were removed a short time ago.
///
/// ext4 without a journal steps over each inode removed in the last minutes when it looks for a free one, which makes
/// thousands of new files beside thousands of removed ones slow. It chooses the place of a snapshot's directory by its
/// name among the emptiest parts of the disk, and nothing is emptier than where something has just been removed: then
/// the directory is made again under another name and gets its own by rename(2).
final class RemovedPlaces {
    /// Inodes in a flexible block group as mke2fs(8) makes them: 16 groups of 8192.
    private static final int PLACE_SHIFT = 17;
    /// For how long ext4 may step over removed inodes: RECENTCY_MIN and RECENTCY_DIRTY of its inode allocator.
    private static final long AVOIDED_NANOS = Duration.ofMinutes(6).toNanos();
    /// More places than these are forgotten, the oldest first.
    private static final int PLACES_MAX = 32;

    private static final int TRIES = 6;
    private static final String OTHER_NAME = "placing-";

    private final ConcurrentLinkedDeque<Place> places = new ConcurrentLinkedDeque<>();

    private record Place(long number, long removedNanos) {}

    /// A tree with this inode at its top is to be removed.
    void add(long inode) {
        places.addFirst(new Place(number(inode), System.nanoTime()));
        while (places.size() > PLACES_MAX) {
            places.pollLast();
        }
    }

    private static long number(long inode) {
        return (inode - 1) >>> PLACE_SHIFT;
    }

    private boolean isRemovedPlace(long inode) {
        long now = System.nanoTime();
        return places.stream().anyMatch(p -> p.number() == number(inode) && now - p.removedNanos() < AVOIDED_NANOS);
    }

    /// mkdir(2), as far as possible away from what was removed.
    void makeApart(Fd dir, String name, int mode) throws ErrnoException {
        Inodes.mkdir(dir, name, mode);
        if (places.isEmpty()) {
            return;
        }
        for (int n = 1; n < TRIES && isRemovedPlace(inode(dir, name)); n++) {
            String other = OTHER_NAME + name + "-" + n;
            Inodes.mkdir(dir, other, mode);
            Inodes.rename(dir, other, dir, name, 0);
        }
    }

    private static long inode(Fd dir, String name) throws ErrnoException {
        return Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW).inode();
    }

    /// Removes what a crash in [#makeApart] left, if `name` is such.
    static void sweep(Fd dir, String name) throws ErrnoException {
        if (name.startsWith(OTHER_NAME)) {
            Inodes.unlink(dir, name, Inodes.AT_REMOVEDIR);
        }
    }
}
