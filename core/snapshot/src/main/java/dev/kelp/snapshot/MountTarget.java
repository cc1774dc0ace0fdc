// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Makes the mounts a snapshotter asks for on a directory.
///
/// mount(2) takes one page of options, which a few dozen layers fill. An overlay whose options do not fit, or whose
/// paths
/// hold characters that overlayfs gives a meaning, is mounted through descriptors: each layer is opened and named
/// `/proc/self/fd/N`, one `lowerdir+` per layer (fsconfig(2), Linux 6.5), or all in one string on older kernels,
/// which then ends at about 220 layers.
public final class MountTarget {
    /// What mount(2) takes as options: one page, ended by a NUL.
    private static final int OPTIONS_BYTES_MAX = 4095;

    private static final String LOWER = "lowerdir=";
    private static final int O_PATH_DIRECTORY = Inodes.O_PATH | Inodes.O_DIRECTORY;

    private MountTarget() {}

    /// Makes `mounts` on `target`, an existing directory, one over the other; undoes them all when one fails.
    public static void mount(List<Mount> mounts, Path target) {
        int done = 0;
        try {
            for (Mount mount : mounts) {
                if (mount.type().equals("overlay")) {
                    mountOverlay(mount, target.toString());
                } else {
                    Mounts.mount(mount, target.toString());
                }
                done++;
            }
        } catch (ErrnoException e) {
            KelpException failure = e.toKelp("mount snapshot on `" + target + "`");
            for (int i = 0; i < done; i++) {
                try {
                    unmount(target);
                } catch (KelpException u) {
                    failure.addSuppressed(u);
                }
            }
            throw failure;
        }
    }

    /// Takes away the topmost mount on `target`, at once for every path, later for those who still use it
    /// (MNT_DETACH). One that is not mounted is fine.
    public static void unmount(Path target) {
        try {
            Mounts.unmount(target.toString(), Mounts.MNT_DETACH | Mounts.UMOUNT_NOFOLLOW);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EINVAL) && !e.is(Errno.ENOENT)) {
                throw e.toKelp("unmount snapshot");
            }
        }
    }

    /// A path as overlayfs options want it: backslash before what separates layers and options.
    static String escape(Path path) {
        return path.toString().replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,");
    }

    static void mountOverlay(Mount mount, String target) throws ErrnoException {
        try {
            mountOverlayOnce(mount, target);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EINVAL) || !VolatileOverlay.unmark(mount)) {
                throw e;
            }
            mountOverlayOnce(mount, target);
        }
    }

    private static void mountOverlayOnce(Mount mount, String target) throws ErrnoException {
        String joined = String.join(",", mount.options());
        // by bytes, roughly: a path that is not ASCII goes the other way
        boolean plain = joined.indexOf('\\') < 0 && joined.chars().allMatch(c -> c < 0x80);
        if (plain && joined.length() <= OPTIONS_BYTES_MAX) {
            Mounts.mount(mount, target);
            return;
        }
        List<Fd> opened = new ArrayList<>();
        try {
            mountByDescriptors(mount, target, opened);
        } finally {
            opened.forEach(Fd::close);
        }
    }

    private static void mountByDescriptors(Mount mount, String target, List<Fd> opened) throws ErrnoException {
        List<String> options = new ArrayList<>();
        List<String> layers = new ArrayList<>();
        boolean readOnly = false;
        for (String option : mount.options()) {
            int eq = option.indexOf('=');
            if (option.equals("ro")) {
                readOnly = true;
            } else if (option.startsWith(LOWER)) {
                for (String layer : split(option.substring(LOWER.length()))) {
                    layers.add(open(layer, opened));
                }
            } else if (option.startsWith("upperdir=") || option.startsWith("workdir=")) {
                options.add(option.substring(0, eq + 1)
                        + open(split(option.substring(eq + 1)).getFirst(), opened));
            } else {
                options.add(option);
            }
        }
        attach(options, layers, readOnly, target);
    }

    private static void attach(List<String> options, List<String> layers, boolean readOnly, String target)
            throws ErrnoException {
        List<String> each = new ArrayList<>(options);
        layers.forEach(l -> each.add("lowerdir+=" + l));
        try (Fd made = Mounts.create("overlay", each)) {
            if (readOnly) {
                Mounts.setAttributes(made, Mounts.MOUNT_ATTR_RDONLY, false, null);
            }
            Mounts.attach(made, Fd.CWD, target);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EINVAL)) {
                throw e;
            }
            // before Linux 6.5; fsconfig(2) takes no string of more than 255 bytes, so by mount(2)
            List<String> together = new ArrayList<>(options);
            together.add(readOnly ? "ro" : "rw");
            together.add(LOWER + String.join(":", layers));
            Mounts.mount(new Mount("overlay", "overlay", together), target);
        }
    }

    private static String open(String path, List<Fd> opened) throws ErrnoException {
        Fd fd = Inodes.open(path, O_PATH_DIRECTORY);
        opened.add(fd);
        return fd.procPath();
    }

    /// Splits at colons without a backslash before them and takes the backslashes away.
    static List<String> split(String layers) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < layers.length(); i++) {
            char c = layers.charAt(i);
            if (c == '\\' && i + 1 < layers.length()) {
                part.append(layers.charAt(++i));
            } else if (c == ':') {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        return parts;
    }
}
