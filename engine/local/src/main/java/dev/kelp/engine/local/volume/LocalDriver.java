// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.volume;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import dev.kelp.model.container.NewVolume;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The driver `local`: a plain directory, or with the options `type`, `device` and `o` what mount(8) makes of them.
final class LocalDriver {
    static final String NAME = "local";
    private static final Set<String> KEYS = Set.of("type", "device", "o");
    /// What an unprivileged user namespace may mount besides binds (FS_USERNS_MOUNT).
    private static final Set<String> UNPRIVILEGED = Set.of("tmpfs", "overlay", "ramfs");

    private LocalDriver() {}

    /// Refuses what this driver cannot do, before a volume is made of it.
    static void check(NewVolume how) {
        if (!how.driver().equals(NAME)) {
            throw KelpException.notFound("no volume driver `" + how.driver() + "`")
                    .withHint("the driver `local` is the one there is");
        }
        for (String key : how.options().keySet()) {
            if (!KEYS.contains(key)) {
                throw KelpException.invalid("invalid option: \"" + key + "\"")
                        .withHint("the driver local knows type, device and o");
            }
        }
        if (how.options().isEmpty()) {
            return;
        }
        String type = type(how);
        if (isBind(how)) {
            String device = device(how);
            if (!device.startsWith("/")) {
                throw KelpException.invalid("the volume's device `" + device + "` is not an absolute path");
            }
        } else if (type.isEmpty()) {
            throw KelpException.invalid("missing required option: \"type\"");
        } else if (device(how).isEmpty() && !type.equals("tmpfs")) {
            throw KelpException.invalid("missing required option: \"device\"");
        }
    }

    private static String type(NewVolume how) {
        return how.options().getOrDefault("type", "");
    }

    private static String device(NewVolume how) {
        return how.options().getOrDefault("device", "");
    }

    private static List<String> words(NewVolume how) {
        String o = how.options().getOrDefault("o", "");
        return o.isEmpty() ? List.of() : Arrays.asList(o.split(","));
    }

    private static boolean isBind(NewVolume how) {
        return type(how).equals("bind")
                || words(how).contains("bind")
                || words(how).contains("rbind");
    }

    /// The path of the user's that this volume stands for.
    static Optional<Path> boundPath(NewVolume how) {
        return isBind(how) ? Optional.of(Path.of(device(how))) : Optional.empty();
    }

    /// Words of a bound volume that each of its mounts has.
    static List<String> boundOptions(NewVolume how) {
        return isBind(how)
                ? words(how).stream()
                        .filter(w -> !w.equals("bind") && !w.equals("rbind"))
                        .toList()
                : List.of();
    }

    /// Whether the volume has to be mounted before it is used.
    static boolean mounts(NewVolume how) {
        return !how.options().isEmpty() && !isBind(how);
    }

    /// Mounts the volume on its directory, unless it is.
    static void mount(NewVolume how, String name, Path data) {
        try {
            if (isMounted(data)) {
                return;
            }
            String device = device(how);
            List<String> options = new ArrayList<>(words(how));
            if (!options.contains("suid")) {
                options.add("nosuid");
            }
            if (!options.contains("dev")) {
                options.add("nodev");
            }
            options.removeAll(List.of("suid", "dev", "exec", "defaults"));
            Mounts.mount(new Mount(type(how), device.isEmpty() ? type(how) : device, options), data.toString());
        } catch (ErrnoException e) {
            KelpException failure =
                    e.toKelp("mount the volume " + name + " (type " + type(how) + ", device " + device(how) + ")");
            throw UNPRIVILEGED.contains(type(how)) || !(e.is(Errno.EPERM) || e.is(Errno.ENODEV))
                    ? failure
                    : new KelpException(ErrorKind.UNSUPPORTED, String.valueOf(failure.getMessage()), failure)
                            .withHint(
                                    "without root the kernel mounts tmpfs and binds only: have root mount " + type(how)
                                            + " on a folder and make a volume with type=none, o=bind, device=FOLDER");
        }
    }

    private static boolean isMounted(Path data) throws ErrnoException {
        return Inodes.lstat(data.toString()).mountId()
                != Inodes.lstat(String.valueOf(data.getParent())).mountId();
    }

    /// Takes the mount away; fine when there is none.
    static void unmount(Path data) {
        try {
            Mounts.unmount(data.toString(), Mounts.MNT_DETACH | Mounts.UMOUNT_NOFOLLOW);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EINVAL) && !e.is(Errno.ENOENT)) {
                throw e.toKelp("unmount the volume at " + data);
            }
        }
    }
}
