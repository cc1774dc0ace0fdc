// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/// The file system of the data root: what it can hold, and how much.
final class StorageCheck {
    private static final String NAME = "data root";
    private static final long LITTLE = 1L << 30;
    private static final int MIB = 1 << 20;

    /// File systems over a network, or of another machine, know the owner of a file by other ids than this kernel.
    private static final Set<String> FOREIGN = Set.of(
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "smbfs",
            "lustre",
            "gpfs",
            "beegfs",
            "ceph",
            "afs",
            "9p",
            "virtiofs",
            "vboxsf",
            "fuse.sshfs",
            "fuse.glusterfs",
            "ecryptfs",
            "vfat",
            "exfat",
            "ntfs",
            "ntfs3");

    private StorageCheck() {}

    private record MountPoint(Path where, String type, Set<String> options) {}

    static Finding look(Machine machine) {
        Optional<Path> root = folder(machine);
        if (root.isEmpty()) {
            return Finding.error(
                    NAME,
                    "HOME is not set and no folder is named",
                    Remedy.user(
                            "export HOME=/home/" + Remedy.quoted(machine.user().name())));
        }
        Path data = root.get();
        Path existing = existing(machine, data);
        String user = Remedy.quoted(machine.user().name());
        // not /var/tmp: what is old is removed there
        Remedy[] elsewhere = {
            Remedy.root("install -d -m 700 -o " + user + " /srv/kelp/" + user),
            Remedy.user("export KELP_DATA_ROOT=/srv/kelp/" + user)
        };
        if (!machine.asksForAnother() && !machine.isWritable(existing.toString())) {
            return Finding.error(NAME, existing + " cannot be written", elsewhere);
        }
        MountPoint mount = mountOf(machine, existing);
        if (FOREIGN.contains(mount.type())) {
            return Finding.warning(
                    NAME, data + " is on " + mount.type() + ", which cannot keep files of subordinate ids", elsewhere);
        }
        if (mount.options().contains("noexec")) {
            return Finding.error(
                    NAME,
                    data + " is on a file system mounted noexec (" + mount.where()
                            + "): nothing in a container can run",
                    elsewhere);
        }
        OptionalLong free = machine.freeBytes(machine.path(existing.toString()));
        String room = free.isPresent() ? ", " + free.getAsLong() / MIB + " MiB free" : "";
        return free.isPresent() && free.getAsLong() < LITTLE
                ? Finding.warning(NAME, data + " (" + mount.type() + "): only" + room.substring(1), elsewhere)
                : Finding.ok(NAME, data + " (" + mount.type() + ")" + room);
    }

    /// The folder itself, or the one it will be made in.
    static Path existing(Machine machine, Path folder) {
        Path parent = folder.getParent();
        return parent == null || Files.exists(machine.path(folder.toString())) ? folder : existing(machine, parent);
    }

    /// As the client finds it (`native/PROTOCOL.md`).
    static Optional<Path> folder(Machine machine) {
        if (machine.variable("KELP_DATA_ROOT").isPresent()) {
            return machine.variable("KELP_DATA_ROOT")
                    .map(Path::of)
                    .filter(Path::isAbsolute)
                    .map(Path::normalize);
        }
        if (machine.user().isRoot()) {
            return Optional.of(Path.of("/var/lib/kelp"));
        }
        return machine.variable("XDG_DATA_HOME")
                .or(() -> Optional.of(machine.user().home())
                        .filter(h -> !h.isEmpty())
                        .map(h -> h + "/.local/share"))
                .map(Path::of)
                .filter(Path::isAbsolute)
                .map(p -> p.resolve("kelp").normalize());
    }

    /// The mount with the longest path above the folder; the last one, where several cover each other.
    private static MountPoint mountOf(Machine machine, Path folder) {
        List<MountPoint> above = machine.text("/proc/self/mountinfo")
                .orElse("")
                .lines()
                .flatMap(StorageCheck::mount)
                .filter(m -> folder.startsWith(m.where()))
                .toList();
        return above.stream()
                .reduce((a, b) -> b.where().getNameCount() >= a.where().getNameCount() ? b : a)
                .orElse(new MountPoint(Path.of("/"), "unknown", Set.of()));
    }

    /// One line as proc_pid_mountinfo(5) has it.
    private static Stream<MountPoint> mount(String line) {
        String[] halves = line.split(" - ", 2);
        String[] first = halves[0].split(" ");
        if (halves.length < 2 || first.length < 6) {
            return Stream.empty();
        }
        Path where = Path.of(first[4].replace("\\040", " "));
        return Stream.of(new MountPoint(where, halves[1].split(" ")[0], Set.of(first[5].split(","))));
    }
}
