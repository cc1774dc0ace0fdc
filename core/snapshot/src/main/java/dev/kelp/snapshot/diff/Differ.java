// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.ChangedTree;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Finds what an active snapshot changed and makes a layer of it. What [dev.kelp.snapshot.layer.LayerApplication] then
/// makes of that layer on the same parent is the snapshot again, but for sockets and fractions of seconds.
///
/// Blocks: for platform threads. Failures are [KelpException]s; that the output cannot be written is UNAVAILABLE.
public final class Differ {
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;

    private final Exclusions exclusions;
    private final ShownOwners owners;

    public Differ(Exclusions exclusions) {
        this(exclusions, ShownOwners.HERE);
    }

    /// @param owners whom archives name as owners
    public Differ(Exclusions exclusions, ShownOwners owners) {
        this.exclusions = exclusions;
        this.owners = owners;
    }

    /// What was written.
    ///
    /// @param entries changes besides the root directory's own
    /// @param leftOut files whose names begin with `.wh.`, which no layer can hold
    public record Written(long entries, long leftOut) {}

    /// Tells of every change.
    public void changes(ChangedTree tree, ChangeVisitor visitor) {
        List<Fd> parents = new ArrayList<>();
        try (Fd root = Inodes.open(tree.directory().toString(), DIRECTORY)) {
            for (Path p : tree.parents()) {
                parents.add(Inodes.open(p.toString(), DIRECTORY));
            }
            new ChangeWalk(tree.form(), exclusions, visitor).run(root, parents);
        } catch (ErrnoException e) {
            throw e.toKelp("find out what changed");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "write what changed: " + e.getMessage(), e);
        } finally {
            parents.forEach(Fd::close);
        }
    }

    /// Writes the changes as an uncompressed layer, and flushes.
    public Written writeLayer(ChangedTree tree, OutputStream out) {
        TreeTar tar = new TreeTar(out, true, owners);
        changes(tree, tar);
        try {
            tar.end();
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "write the layer: " + e.getMessage(), e);
        }
        return new Written(tar.entries(), tar.leftOut());
    }

    /// Writes everything below `root` as a tar, and flushes.
    ///
    /// @throws IOException what `out` throws
    public Written writeTree(Fd root, OutputStream out) throws IOException {
        TreeTar tar = new TreeTar(out, false, owners);
        new ChangeWalk(ChangedTree.Form.WHOLE, exclusions, tar).run(root, List.of());
        tar.end();
        return new Written(tar.entries(), tar.leftOut());
    }
}
