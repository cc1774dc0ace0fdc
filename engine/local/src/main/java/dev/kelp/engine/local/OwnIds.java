// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.progress.FileProgress;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.IdMaps;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.UserNamespace;
import dev.kelp.rootless.Instance;
import dev.kelp.runtime.spec.RootFiles;
import dev.kelp.runtime.spec.Users;
import dev.kelp.snapshot.TreeOwner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What belongs to whom in a container: the files the engine makes for it, the sources of its `U` mounts, and a name
/// for
/// the user who stays herself.
///
/// @param instance whose user it is
record OwnIds(Instance instance) {
    private static final int PASSWD_BYTES_MAX = 8 << 20;

    /// Gives a container whose user keeps her id a line for her in its passwd(5), unless it has one for that id.
    void prepare(ContainerRecord c, IdMaps ids, Path rootfs) {
        UserNamespace asked = c.definition().spec().isolation().user();
        if (asked == null || asked.mode() == null || !asked.mode().startsWith("keep-id")) {
            return;
        }
        long uid = inside(ids.uids());
        long gid = inside(ids.gids());
        try (RootFiles root = new RootFiles(rootfs.toString())) {
            if (!Users.of(root).hasUid(uid)) {
                String[] me = self();
                String home = home(c.definition().spec(), me[5]);
                root.appendLine("/etc/passwd", me[0] + ":*:" + uid + ":" + gid + ":" + me[4] + ":" + home + ":/bin/sh");
            }
        }
    }

    private static long inside(List<dev.kelp.model.IdMapping> maps) {
        return maps.stream()
                .filter(m -> m.outside() == 0)
                .mapToLong(dev.kelp.model.IdMapping::inside)
                .findFirst()
                .orElse(0);
    }

    /// Her own home when it is mounted, else the working directory, as Podman has it.
    private static String home(ContainerSpec spec, String own) {
        for (MountSpec m : spec.mounts()) {
            if (!own.isEmpty() && Path.of(own).startsWith(m.target())) {
                return own;
            }
        }
        String workdir = spec.process().workdir();
        return workdir == null || workdir.isEmpty() ? "/" : workdir;
    }

    /// The fields of her line in this machine's passwd(5).
    private String[] self() {
        try (InputStream in = Files.newInputStream(Path.of("/etc/passwd"))) {
            for (String line : new String(in.readNBytes(PASSWD_BYTES_MAX), StandardCharsets.UTF_8).split("\n", -1)) {
                String[] f = line.split(":", -1);
                if (f.length == 7 && f[2].equals(Integer.toString(instance.hostUid()))) {
                    return f;
                }
            }
        } catch (IOException e) {
            // a name from elsewhere (LDAP) is as unknown as none
        }
        return new String[] {"user", "*", "", "", "", "", ""};
    }

    /// Whether everything below a mount's source, other mounts included, is what the container sees of it.
    static boolean isWhole(MountSpec m) {
        return (m.type().equals("bind") || m.type().equals("volume")) && m.subpath() == null && Binds.isRecursive(m);
    }

    static boolean asks(List<MountSpec> mounts) {
        return mounts.stream().anyMatch(m -> m.options().contains("U") && m.source() != null);
    }

    /// Lets what is mounted with `U` belong to the container's user.
    ///
    /// @param mounts with sources of which the container sees everything: [whole][#isWhole], or the engine's own
    /// places
    static void giveMounts(ContainerRecord c, List<MountSpec> mounts, Users.Identity user, Progress progress) {
        IdMaps ids = c.definition().ids();
        try {
            for (MountSpec m : mounts) {
                if (m.options().contains("U") && m.source() != null) {
                    FileProgress told = new FileProgress(progress, "owner of " + m.source(), State.CHANGING);
                    try (Fd source = Inodes.open(m.source(), Inodes.O_RDONLY | Inodes.O_NONBLOCK)) {
                        TreeOwner.change(source, outer(ids, user.uid(), true), outer(ids, user.gid(), false), told);
                    }
                    told.end();
                }
            }
        } catch (ErrnoException e) {
            throw e.toKelp("change the owner of what is mounted into container " + c.name());
        }
    }

    /// Lets the container's own files belong to its root, and what is mounted with `U` to its user.
    ///
    /// @param mounts with the engine's own places as sources
    void giveAway(ContainerRecord c, List<MountSpec> mounts, Path folder, Users.Identity user) {
        giveMounts(c, mounts, user, Progress.NONE);
        IdMaps ids = c.definition().ids();
        try {
            if (ids != null) {
                ownFiles(folder, ids);
            }
        } catch (ErrnoException e) {
            throw e.toKelp("change the owner of the files of container " + c.name());
        }
    }

    private static int outer(@Nullable IdMaps ids, long id, boolean isUser) {
        return (int) (ids == null ? id : isUser ? ids.uid(id) : ids.gid(id));
    }

    private static void ownFiles(Path folder, IdMaps ids) throws ErrnoException {
        try (Fd dir = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            for (String name : List.of("hosts", "hostname", "resolv.conf")) {
                Inodes.chown(dir, name, (int) Math.max(0, ids.uid(0)), (int) Math.max(0, ids.gid(0)), 0);
            }
        }
    }
}
