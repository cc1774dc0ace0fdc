// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.ContainerFileAccess;
import dev.kelp.engine.Containers.ProcessTable;
import dev.kelp.engine.Containers.Usage;
import dev.kelp.engine.local.copy.ContainerCopies;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.runtime.ContainerProcesses;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.ProcessCensus;
import dev.kelp.runtime.ResourceUse;
import dev.kelp.runtime.Tasks;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What can be seen of a container from outside: its processes, what they use, its files.
record ContainerViews(
        ContainerLifecycle lifecycle, ContainerFiles containerFiles, Tasks tasks, UnpackPolicy unpacking) {
    ProcessTable top(ContainerRecord c, List<String> options) {
        ContainerTask task = lifecycle.running(c);
        List<ContainerProcesses.Entry> processes = ContainerProcesses.of(task.pid(), sharesPids(c));
        if (options.isEmpty()) {
            return ContainerTop.full(task.pid(), processes);
        }
        return ContainerTop.select(
                tasks.processStatus(options),
                processes.stream().map(ContainerProcesses.Entry::pid).collect(Collectors.toSet()));
    }

    Usage usage(ContainerRecord c, ProcessCensus census) {
        ContainerTask task = lifecycle.running(c);
        ResourceUse use = task.use(census, sharesPids(c), !sharesNetwork(c));
        return new Usage(
                Instant.now(),
                use.cpuNanos(),
                use.memoryBytes(),
                use.memoryLimitBytes().orElseGet(ContainerViews::machineMemory),
                use.receivedBytes(),
                use.sentBytes(),
                use.readBytes(),
                use.writtenBytes(),
                use.processes(),
                use.fromCgroup());
    }

    private static boolean sharesPids(ContainerRecord c) {
        String mode = c.definition().spec().isolation().pid();
        return mode != null && !mode.equals("private");
    }

    private static boolean sharesNetwork(ContainerRecord c) {
        return "host".equals(c.definition().spec().isolation().network());
    }

    private static long machineMemory() {
        try {
            return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                    .filter(l -> l.startsWith("MemTotal:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    ContainerFileAccess files(ContainerRecord c) {
        return new ContainerCopies(
                (path, write, work) -> lifecycle.withRoot(c, root -> within(c, root, path, write, work)),
                unpacking,
                c.definition().ids());
    }

    /// A container that does not run has none of its mounts: below the target of a bind its source is meant.
    private void within(ContainerRecord c, Path root, String path, boolean write, ContainerCopies.Work work) {
        boolean mounted = root.startsWith("/proc");
        Optional<MountSpec> mount = mounted ? Optional.empty() : bind(c, path);
        if (write
                && !mounted
                && mount.isEmpty()
                && c.definition().spec().security().readOnlyRootfs()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION,
                    "the root file system of container " + c.name()
                            + " is read-only: only what is mounted into it can be written");
        }
        String base = mount.isPresent() ? source(mount.get()).toString() : root.toString();
        String below = mount.isPresent() ? below(mount.get(), path) : path;
        try (Fd fd = Inodes.open(base, Inodes.O_PATH | Inodes.O_DIRECTORY)) {
            work.run(fd, below);
        } catch (dev.kelp.linux.ErrnoException e) {
            throw e.toKelp("`" + path + "` of container " + c.name());
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.INTERNAL, "`" + path + "` of container " + c.name() + ": " + e.getMessage(), e);
        }
    }

    private Optional<MountSpec> bind(ContainerRecord c, String path) {
        Path inside = Path.of("/").resolve(path).normalize();
        return containerFiles.binds(c).stream()
                .filter(m -> !m.type().equals("tmpfs")
                        && m.source() != null
                        && m.source().startsWith("/")
                        && inside.startsWith(m.target()))
                .filter(m -> Files.isDirectory(source(m)))
                .max(Comparator.comparingInt(m -> m.target().length()));
    }

    private static Path source(MountSpec m) {
        Path all = Path.of(String.valueOf(m.source()));
        return m.subpath() == null ? all : all.resolve(m.subpath());
    }

    private static String below(MountSpec m, String path) {
        Path inside = Path.of("/").resolve(path).normalize();
        String rest = Path.of(m.target()).relativize(inside).toString();
        String end = path.endsWith("/.") || path.equals(".") ? "/." : path.endsWith("/") ? "/" : "";
        return (rest.isEmpty() ? "." : rest) + (rest.isEmpty() && end.equals("/") ? "" : end);
    }
}
