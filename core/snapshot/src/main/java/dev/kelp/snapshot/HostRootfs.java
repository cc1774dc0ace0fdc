// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A throw-away copy-on-write view of this machine, for `--rootfs /`.
///
/// One overlay over `/` is refused in a user namespace ("failed to clone lowerpath"): the mounts below it are
/// locked to it. So each top-level directory becomes an overlay of its own. Where mounts lie below one of those it
/// is shown read-only by a recursive bind instead. Symbolic links (`bin` → `usr/bin`) are made again; directories
/// that hold what is private or belongs to the running system are there, but empty; so are the engine's own
/// folders and everything that has one of these inside it is split up until it has not.
///
/// What host root owns appears as the overflow id's (nobody), because a user namespace has no name for it:
/// programs run from there and files are read, but nothing in those directories can be changed, whatever the
/// overlay allows.
public final class HostRootfs {
    /// Directories that start empty, relative to the root: run-time state and sockets, other users' files, mail,
    /// devices.
    public static final Set<String> FRESH = Set.of(
            "run",
            "tmp",
            "home",
            "root",
            "dev",
            "proc",
            "sys",
            "mnt",
            "media",
            "lost+found",
            "boot",
            "var/tmp",
            "var/run",
            "var/lock",
            "var/spool",
            "var/mail");

    private static final int STICKY_EVERYBODY = 01777;
    /// Nothing splits deeper: an engine's folder lies at `home/…` or `var/lib/kelp`.
    private static final int SPLIT_DEPTH_MAX = 8;

    private final Path host;
    private final Path target;
    private final Path scratch;
    private final Set<String> fresh;
    private final List<Placement> placements = new ArrayList<>();
    private final List<String> foreign = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /// @param mount what to mount
    /// @param path where, relative to the target
    public record Placement(Mount mount, String path) {}

    /// What [#prepare] made ready.
    ///
    /// @param placements the mounts, in this order
    /// @param foreignTrees directories whose owner has no id here, read-only in effect
    /// @param notes what differs from an ordinary root file system, for the user to read
    public record View(List<Placement> placements, List<String> foreignTrees, List<String> notes) {
        public View {
            placements = List.copyOf(placements);
            foreignTrees = List.copyOf(foreignTrees);
            notes = List.copyOf(notes);
        }
    }

    private HostRootfs(Path host, Path target, Path scratch, Set<String> fresh) {
        this.host = host;
        this.target = target;
        this.scratch = scratch;
        this.fresh = fresh;
    }

    /// Makes the directories and links of the view and says what to mount. Each overlay is tried, so the mounts
    /// will work.
    ///
    /// @param host the root to show, usually `/`
    /// @param target an empty directory, to be the container's root
    /// @param scratch an empty directory for what the container writes, on a file system that overlayfs can write
    ///     to
    /// @param hidden the engine's own folders, absolute, in terms of `host`; nothing of them is shown
    public static View prepare(Path host, Path target, Path scratch, List<Path> hidden) {
        Set<String> fresh = new TreeSet<>(FRESH);
        FRESH.forEach(name -> addWhereItIs(fresh, host, host.resolve(name)));
        for (Path p : hidden) {
            add(fresh, host, p);
            addWhereItIs(fresh, host, p);
        }
        HostRootfs rootfs = new HostRootfs(host, target, scratch, fresh);
        try {
            rootfs.split("", 0);
        } catch (ErrnoException e) {
            throw e.toKelp("make a root file system of `" + host + "`");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a root file system of `" + host + "`: " + e, e);
        }
        if (!rootfs.foreign.isEmpty()) {
            rootfs.notes.add("owned by the host's root and therefore read-only: " + String.join(", ", rootfs.foreign));
        }
        return new View(rootfs.placements, rootfs.foreign, rootfs.notes);
    }

    private static void add(Set<String> fresh, Path host, Path p) {
        if (p.startsWith(host) && !p.equals(host)) {
            fresh.add(host.relativize(p).toString());
        }
    }

    /// A link to a folder elsewhere, or one on the way to it, must not let it be seen there.
    private static void addWhereItIs(Set<String> fresh, Path host, Path p) {
        try {
            add(fresh, host, p.toRealPath());
        } catch (IOException e) {
            // not there, or not ours to see
        }
    }

    /// Makes the mounts of a view; [#unmount] undoes them, also when this fails half-way.
    public static void mount(View view, Path target) {
        for (Placement p : view.placements()) {
            Path place = target.resolve(p.path());
            MountTarget.mount(List.of(p.mount()), place);
            if (p.mount().type().equals("bind")) {
                makeReadOnly(place);
            }
        }
    }

    public static void unmount(View view, Path target) {
        for (Placement p : view.placements().reversed()) {
            MountTarget.unmount(target.resolve(p.path()));
        }
    }

    /// The mounts inside a recursive bind keep their own flags unless told otherwise.
    private static void makeReadOnly(Path place) {
        try (Fd mount = Inodes.open(place.toString(), Inodes.O_PATH | Inodes.O_DIRECTORY)) {
            Mounts.setAttributes(mount, Mounts.MOUNT_ATTR_RDONLY, true, null);
        } catch (ErrnoException e) {
            throw e.toKelp("make `" + place + "` read-only");
        }
    }

    /// Recreates one directory name by name.
    private void split(String directory, int depth) throws IOException {
        try (Fd dir = Inodes.open(host.resolve(directory).toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
                Fd to = Inodes.open(target.resolve(directory).toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            for (String name : Inodes.list(dir).stream().sorted().toList()) {
                String path = directory.isEmpty() ? name : directory + "/" + name;
                Stat stat = Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW);
                if (stat.isSymlink()) {
                    Inodes.symlink(Inodes.readlink(dir, name), to, name);
                } else if (stat.isDirectory()) {
                    directory(path, stat, depth, to);
                } else if (depth > 0) {
                    notes.add("/" + path + " is not shown");
                }
            }
        }
    }

    private void directory(String path, Stat stat, int depth, Fd to) throws IOException {
        String name = path.substring(path.lastIndexOf('/') + 1);
        Inodes.mkdir(to, name, 0755);
        if (fresh.contains(path)) {
            boolean temporary = stat.permissions() == STICKY_EVERYBODY;
            Inodes.chmod(to, name, temporary ? STICKY_EVERYBODY : path.equals("root") ? 0700 : 0755);
            return;
        }
        Inodes.chmod(to, name, 0755);
        if (fresh.stream().anyMatch(f -> f.startsWith(path + "/"))) {
            if (depth < SPLIT_DEPTH_MAX) {
                split(path, depth + 1);
            } else {
                notes.add("/" + path + " is not shown: what is hidden lies deep inside it");
            }
            return;
        }
        place(path, stat);
    }

    private void place(String path, Stat stat) throws IOException {
        Path from = host.resolve(path);
        try (Fd readable = Inodes.open(from.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.list(readable);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EACCES)) {
                throw e;
            }
            // not ours to read: stays empty
            return;
        }
        if (stat.uid() == overflowUid()) {
            foreign.add("/" + path);
        }
        Mount overlay = overlay(from, path, stat);
        if (works(overlay, target.resolve(path))) {
            placements.add(new Placement(overlay, path));
        } else {
            notes.add("/" + path + " has other file systems mounted inside it and is shown read-only");
            placements.add(new Placement(new Mount("bind", from.toString(), List.of("rbind")), path));
        }
    }

    private Mount overlay(Path from, String path, Stat stat) throws IOException {
        String flat = path.replace("%", "%25").replace("/", "%2F");
        Path upper = scratch.resolve(flat).resolve("upper");
        Path work = scratch.resolve(flat).resolve("work");
        Files.createDirectories(upper);
        Files.createDirectories(work);
        // the merged directory shows the upper one's mode
        Inodes.chmod(Fd.CWD, upper.toString(), stat.permissions());
        return new Mount(
                "overlay",
                "overlay",
                List.of(
                        "userxattr",
                        "index=off",
                        "upperdir=" + MountTarget.escape(upper),
                        "workdir=" + MountTarget.escape(work),
                        "lowerdir=" + MountTarget.escape(from)));
    }

    private static boolean works(Mount overlay, Path place) throws ErrnoException {
        try {
            MountTarget.mountOverlay(overlay, place.toString());
        } catch (ErrnoException e) {
            if (OverlaySnapshotter.meansUnsupported(e) || e.is(Errno.ELOOP)) {
                return false;
            }
            throw e;
        }
        Mounts.unmount(place.toString(), Mounts.MNT_DETACH);
        return true;
    }

    /// What ids without a mapping appear as; /proc/sys/kernel/overflowuid. Such a file gives its content to the
    /// first read(2) alone and nothing after it, so [Files#readString], which begins with one byte, would see one
    /// digit.
    private static int overflowUid() throws IOException {
        try (InputStream in = Files.newInputStream(Path.of("/proc/sys/kernel/overflowuid"))) {
            return Integer.parseInt(new String(in.readNBytes(16), StandardCharsets.US_ASCII).trim());
        }
    }
}
