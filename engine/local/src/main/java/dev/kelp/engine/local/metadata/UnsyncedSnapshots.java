// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;

/// Which committed snapshots have files that the disk may not have yet.
///
/// Writing everything a pull unpacked to the disk before the pull ends would cost a tenth of its time on a fast disk
/// and
/// much more beside others' writes, for syncfs(2) waits for those, too. So a snapshot is marked before it is committed,
/// the file system is synced after the pull was acknowledged, and then the marks go. A start that finds marks of an
/// earlier boot (boot_id of random(4)) removes those snapshots: power may have failed in between, and files be empty.
/// Nothing is lost by that, for the blobs were written to the disk before, and an image is unpacked when it is needed.
public final class UnsyncedSnapshots {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Database database;
    private final String boot;
    private final Object syncing = new Object();

    public UnsyncedSnapshots(Database database) {
        this(database, bootId());
    }

    UnsyncedSnapshots(Database database, String boot) {
        this.database = database;
        this.boot = boot;
    }

    private static String bootId() {
        try {
            return Files.readString(BOOT_ID, StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "read `" + BOOT_ID + "`: " + e, e);
        }
    }

    /// To be called before the snapshot is committed: whatever makes that record durable has made this mark durable
    /// before.
    public void mark(String node) {
        database.writeRelaxed(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("INSERT OR REPLACE INTO unsynced_snapshots (node, boot) VALUES (?, ?)")) {
                s.setString(1, node);
                s.setString(2, boot);
                return s.executeUpdate();
            }
        });
    }

    /// Writes the file system of `folder` to the disk and takes the marks away that were there before. Takes as
    /// long as
    /// the disk does.
    public void sync(Path folder) {
        synchronized (syncing) {
            List<String> nodes = marked("=");
            if (nodes.isEmpty()) {
                return;
            }
            try (Fd fd = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
                Inodes.syncfs(fd);
            } catch (ErrnoException e) {
                throw e.toKelp("write snapshots to the disk");
            }
            unmark(nodes);
        }
    }

    /// Those that an earlier boot left.
    List<String> ofEarlierBoots() {
        return marked("<>");
    }

    private List<String> marked(String comparison) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT node FROM unsynced_snapshots WHERE boot " + comparison + " ?")) {
                s.setString(1, boot);
                List<String> nodes = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        nodes.add(r.getString(1));
                    }
                }
                return nodes;
            }
        });
    }

    void unmark(List<String> nodes) {
        database.writeEssentialRelaxed(c -> {
            try (PreparedStatement s = c.prepareStatement("DELETE FROM unsynced_snapshots WHERE node = ?")) {
                for (String node : nodes) {
                    s.setString(1, node);
                    s.executeUpdate();
                }
                return true;
            }
        });
    }
}
