// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/// A task's files below the run root: everything a restarted daemon knows of it.
///
/// `containers/ID` is the bundle: `config.json`, conmon's `attach`, `ctl`, `winsz`, `pid`, `oom`, and the monitor's
/// facts
/// below. `exits/ID` is what conmon writes at the end.
final class TaskFiles {
    private static final String CONTAINERS = "containers";
    private static final String EXITS = "exits";
    private static final String TASK = "task";
    private static final String TERMINAL = "terminal";

    /// Its processes are frozen.
    static final String PAUSED = "paused";

    private final Path runRoot;
    private final String id;
    private final Path bundle;

    TaskFiles(Path runRoot, String id) {
        this.runRoot = runRoot;
        this.id = id;
        this.bundle = runRoot.resolve(CONTAINERS).resolve(id);
    }

    /// The ids that have a bundle.
    static List<String> known(Path runRoot) {
        try (var folders = Files.list(runRoot.resolve(CONTAINERS))) {
            return folders.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "list " + runRoot.resolve(CONTAINERS) + ": " + e, e);
        }
    }

    static Path makeBundle(Path runRoot, String id) {
        Path bundle = runRoot.resolve(CONTAINERS).resolve(id);
        try {
            for (String folder : List.of(EXITS, CONTAINERS)) {
                if (!Files.isDirectory(runRoot.resolve(folder))) {
                    Files.createDirectories(runRoot.resolve(folder));
                }
            }
            if (!Files.isDirectory(bundle)) {
                Files.createDirectory(
                        bundle, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make the bundle " + bundle + ": " + e, e);
        }
        return bundle;
    }

    Path bundle() {
        return bundle;
    }

    Path exits() {
        return runRoot.resolve(EXITS);
    }

    Path exit() {
        return exits().resolve(id);
    }

    Path file(String name) {
        return bundle.resolve(name);
    }

    /// The exit code conmon (or this engine for it) wrote.
    Optional<Integer> exitCode() {
        return number(exit());
    }

    Optional<Integer> monitorPid() {
        return number(file("conmon.pid"));
    }

    Optional<Integer> containerPid() {
        return number(file("pid"));
    }

    private static Optional<Integer> number(Path file) {
        return text(file)
                .filter(t -> t.matches("\\d{1,10}"))
                .map(Long::parseLong)
                .map(Long::intValue);
    }

    /// The first file in a bundle: the OCI runtime's path, and whether stdio is a terminal.
    void writeTask(TaskSpec spec) {
        String streams = spec.terminal() ? TERMINAL : "pipes";
        write(TASK, spec.ociRuntime() + "\n" + streams + "\n" + spec.cgroups().word() + "\n");
    }

    Optional<Path> program() {
        return text(TASK).flatMap(t -> t.lines().findFirst()).map(Path::of);
    }

    boolean terminal() {
        return line(1).map(TERMINAL::equals).orElse(false);
    }

    /// Who made its cgroup.
    CgroupAccess.Driver cgroups() {
        return line(2).map(CgroupAccess.Driver::of).orElse(CgroupAccess.Driver.DISABLED);
    }

    private Optional<String> line(int number) {
        return text(TASK).flatMap(t -> t.lines().skip(number).findFirst());
    }

    Optional<String> text(String name) {
        return text(file(name));
    }

    private static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file).trim());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// Writes a whole file or none of it.
    void write(String name, String text) {
        replace(file(name), text);
    }

    boolean isMarked(String name) {
        return Files.exists(file(name));
    }

    void mark(String name, boolean on) {
        try {
            if (on) {
                Files.writeString(file(name), "");
            } else {
                Files.deleteIfExists(file(name));
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "mark container " + id + " as " + name + ": " + e, e);
        }
    }

    void writeExit(int code) {
        replace(exit(), Integer.toString(code));
    }

    private static void replace(Path file, String text) {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".new");
        try {
            Files.writeString(temporary, text);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write " + file + ": " + e, e);
        }
    }

    /// Removes the bundle, then the exit: in this order a daemon that dies in between still knows how it ended.
    void remove() {
        try (Fd containers =
                Inodes.open(runRoot.resolve(CONTAINERS).toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(containers, id);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove the bundle of container " + id + ": " + e, e);
        }
        removeExit();
    }

    void removeExit() {
        try {
            Files.deleteIfExists(exit());
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove " + exit() + ": " + e, e);
        }
    }
}
