// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.engine.ContainerFileAccess;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget.Deletions;
import dev.kelp.snapshot.diff.ShownOwners;
import dev.kelp.snapshot.layer.LayerUnpacker;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Carries out what [ContainerFileAccess] says, on whatever root directory it is given.
public final class ContainerCopies implements ContainerFileAccess {
    private final Roots roots;
    private final UnpackPolicy policy;
    private final @Nullable IdMaps ids;

    /// @param ids the container's own user namespace: archives and copies name the ids in it
    public ContainerCopies(Roots roots, UnpackPolicy policy, @Nullable IdMaps ids) {
        this.roots = roots;
        this.policy = policy.mappedTo(ids);
        this.ids = ids;
    }

    /// Gives the root directory of a container for as long as `work` runs.
    public interface Roots {
        /// @param write whether the work changes files
        void within(String path, boolean write, Work work);
    }

    /// @see Roots
    public interface Work {
        /// @param root the container's root, or the source of a mount in it
        /// @param path the path below that
        void run(Fd root, String path) throws IOException;
    }

    @Override
    public void copyIn(String from, String to, CopyOptions how, UserEnvironment user) {
        Split source = Split.of(from);
        Stat stat = clientStat(user, from, how.followLink() || source.isFolder());
        roots.within(to, true, (root, path) -> {
            ContainerRoot inside = new ContainerRoot(root, new Owners(how.keepOwners(), ids));
            Target target = target(inside.stat(path), stat.isDirectory(), Split.of(path), source, to);
            TreeCopier copier = new TreeCopier(user::warn);
            if (stat.isDirectory()) {
                try (Folder parent = inside.folder(target.folder());
                        Folder made = target.name().isEmpty()
                                ? parent.folder(".")
                                : parent.makeFolder(target.name(), stat.permissions())) {
                    copier.copyContents(new ClientFolder(user, from), made);
                    if (!target.existed()) {
                        parent.settleFolder(target.name(), stat);
                    }
                }
                return;
            }
            ContainerRoot.Place place = inside.follow(target.folder(), target.name());
            try (Folder parent = inside.folder(place.folder())) {
                if (how.followLink()) {
                    Fd file = user.open(from, Inodes.O_RDONLY | Inodes.O_NONBLOCK, 0);
                    SocketOptions.setNonBlocking(file, false);
                    copier.copyOpened(file, from, parent, place.name());
                } else {
                    copier.copy(new ClientFolder(user, source.folder()), source.name(), parent, place.name());
                }
            }
        });
    }

    @Override
    public void copyOut(String from, String to, boolean followLink, UserEnvironment user) {
        roots.within(from, false, (root, path) -> {
            ContainerRoot inside = new ContainerRoot(root, new Owners(false, ids));
            Split source = Split.of(path);
            Stat stat = inside.need(path, followLink || source.isFolder(), from);
            ContainerRoot.Place place = followLink || source.isFolder()
                    ? inside.follow(source.folder(), source.name())
                    : new ContainerRoot.Place(source.folder(), source.name());
            Optional<Stat> there = ClientFolder.stat(user, to, 0);
            Target target = target(there, stat.isDirectory(), Split.of(to), Split.of(from), to);
            TreeCopier copier = new TreeCopier(user::warn);
            ClientFolder parent = new ClientFolder(user, target.folder());
            if (stat.isDirectory()) {
                checkParent(user, target.folder());
                try (Folder contents = inside.folder(path);
                        Folder made = target.name().isEmpty()
                                ? parent
                                : parent.makeFolder(target.name(), stat.permissions())) {
                    copier.copyContents(contents, made);
                    if (!target.existed()) {
                        parent.settleFolder(target.name(), stat);
                    }
                }
                return;
            }
            try (Folder folder = inside.folder(place.folder())) {
                copier.copy(folder, place.name(), parent, target.name());
            }
        });
    }

    private static void checkParent(UserEnvironment user, String folder) throws ErrnoException {
        if (ClientFolder.stat(user, folder, 0).isEmpty()) {
            throw KelpException.notFound("no such directory: `" + folder + "`");
        }
    }

    @Override
    public void unpack(String directory, InputStream tar) {
        roots.within(directory, true, (root, path) -> {
            ContainerRoot inside = new ContainerRoot(root, new Owners(true, ids));
            if (!inside.need(path, true, directory).isDirectory()) {
                throw KelpException.invalid("`" + directory + "` is not a directory of the container");
            }
            try (Fd target = inside.open(path);
                    LayerUnpacker unpacker = new LayerUnpacker(target, Deletions.REMOVE, policy)) {
                unpacker.unpack(tar);
            }
        });
    }

    @Override
    public void pack(String path, boolean followLink, OutputStream tar) {
        roots.within(path, false, (root, below) -> {
            ContainerRoot inside = new ContainerRoot(root, new Owners(false, ids));
            Split source = Split.of(below);
            inside.need(below, followLink || source.isFolder(), path);
            ContainerRoot.Place place = followLink || source.isFolder()
                    ? inside.follow(source.folder(), source.name())
                    : new ContainerRoot.Place(source.folder(), source.name());
            try (Folder folder = inside.folder(place.folder())) {
                new TreePacker(tar, ShownOwners.in(ids)).pack(folder, place.name(), source.archiveName());
            }
        });
    }

    private static Stat clientStat(UserEnvironment user, String path, boolean follow) {
        try {
            return ClientFolder.stat(user, path, follow ? 0 : Inodes.O_NOFOLLOW)
                    .orElseThrow(() -> KelpException.notFound("no such file or directory: `" + path + "`"));
        } catch (ErrnoException e) {
            throw e.toKelp("cannot look at `" + path + "`");
        }
    }

    /// Where the copy goes: an empty name is the folder itself.
    private record Target(String folder, String name, boolean existed) {}

    private static Target target(Optional<Stat> there, boolean directory, Split to, Split from, String asTyped) {
        if (there.isPresent() && there.get().isDirectory()) {
            return directory && from.contentsOnly()
                    ? new Target(to.path(), "", true)
                    : new Target(to.path(), from.archiveName(), true);
        }
        if (there.isPresent() && directory) {
            throw KelpException.invalid("cannot copy a directory to the file `" + asTyped + "`");
        }
        if (there.isPresent() && to.isFolder()) {
            throw KelpException.invalid("`" + asTyped + "` is not a directory");
        }
        if (there.isEmpty() && to.isFolder() && !directory) {
            throw new KelpException(ErrorKind.NOT_FOUND, "the destination directory `" + asTyped + "` does not exist");
        }
        return new Target(to.folder(), to.name(), there.isPresent());
    }
}
