// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.rootless.Spawner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/// The command line of an OCI runtime, crun(8) or runc(8): what both understand alike.
///
/// `create` is executed by the monitor, the rest here. Two commands of crun are replaced by what they do when nothing
/// else is needed, each of which would cost a process: `start` writes a byte to the FIFO that the container's first
/// process waits on and removes it; `delete` of an ended container without a cgroup removes its folder.
public final class OciRuntimeCli {
    /// Error output beyond this is not read.
    static final int OUTPUT_BYTES_MAX = 16 << 10;

    static final List<String> ENVIRONMENT =
            List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

    private static final AtomicLong COMMANDS = new AtomicLong();

    private final Path program;
    private final Path stateRoot;
    private final CgroupAccess.Driver cgroups;
    private final List<String> environment;
    private final Spawner spawner;

    /// @param program the runtime, see [Programs#ociRuntime]
    /// @param runRoot the run root; the runtime's state lies below it in a folder named like the program
    /// @param cgroups who makes cgroups
    /// @param uid the user's id outside all namespaces
    OciRuntimeCli(Path program, Path runRoot, CgroupAccess.Driver cgroups, int uid, Spawner spawner) {
        this.program = program;
        this.stateRoot = runRoot.resolve(program.getFileName());
        this.cgroups = cgroups;
        this.environment = Stream.concat(ENVIRONMENT.stream(), CgroupAccess.environment(cgroups, uid).stream())
                .toList();
        this.spawner = spawner;
    }

    public Path program() {
        return program;
    }

    public String name() {
        return program.getFileName().toString();
    }

    public boolean isCrun() {
        return name().startsWith("crun");
    }

    /// Arguments before the command, for every call. runc looks by itself whether it may use cgroups, and its other
    /// way than systemd is cgroupfs.
    List<String> globalArguments() {
        List<String> all = new ArrayList<>(List.of("--root", stateRoot.toString()));
        switch (cgroups) {
            case SYSTEMD -> all.add("--systemd-cgroup");
            case CGROUPFS -> {
                if (isCrun()) {
                    all.add("--cgroup-manager=cgroupfs");
                }
            }
            case DISABLED -> {
                if (isCrun()) {
                    all.add("--cgroup-manager=disabled");
                }
            }
        }
        return all;
    }

    /// Whether the container waits for [#start]. The FIFO is both runtimes' mark for that state.
    boolean isCreated(String id) {
        return Files.exists(execFifo(id));
    }

    /// Lets a created container run its command.
    void start(String id) {
        if (isCrun() && startByFifo(id)) {
            return;
        }
        run("start", List.of("start", id));
    }

    /// Where crun leaves a container's seccomp filter.
    Path compiledFilter(String id) {
        return stateRoot.resolve(id).resolve("seccomp.bpf");
    }

    private Path execFifo(String id) {
        return stateRoot.resolve(id).resolve("exec.fifo");
    }

    /// crun's `start`: the reading end is held open by the container's first process, so opening cannot block.
    private boolean startByFifo(String id) {
        String path = execFifo(id).toString();
        try (Fd fifo = Inodes.open(path, Inodes.O_WRONLY | Inodes.O_NONBLOCK)) {
            // In this order: were the daemon killed in between, the next one would find it not started and take it
            // down.
            Pipes.writeAll(fifo, new byte[] {0}, 0, 1);
            Inodes.unlink(Fd.CWD, path, 0);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            if (e.is(Errno.ENXIO)) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION, "start container " + id + ": its first process is gone", e);
            }
            throw e.toKelp("start container " + id);
        }
    }

    /// Removes what the runtime keeps of a container that has ended. Fine when there is nothing.
    void forget(String id) {
        if (!isCrun() || cgroups != CgroupAccess.Driver.DISABLED) {
            delete(id);
            return;
        }
        // Kelp's configurations have no hooks, the other thing crun's delete would see to
        try (Fd root = Inodes.open(stateRoot.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(root, id);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "delete container " + id + ": " + e.getMessage(), e);
        }
    }

    /// Removes what the runtime keeps of a container (and its cgroup), killing what is left of it. Fine when there
    /// is
    /// nothing.
    void delete(String id) {
        if (!Files.exists(stateRoot.resolve(id))) {
            return;
        }
        run("delete", List.of("delete", "--force", id));
    }

    /// What the runtime says of itself, for `info`.
    public String version() {
        return run("version", List.of("--version")).lines().findFirst().orElse("");
    }

    /// The runtime's words for a container's state, as JSON.
    public String state(String id) {
        return run("state", List.of("state", id));
    }

    /// Freezes (`pause`) or thaws (`resume`) a container; needs a cgroup.
    public void setPaused(String id, boolean paused) {
        if (cgroups == CgroupAccess.Driver.DISABLED) {
            throw new KelpException(
                            ErrorKind.UNSUPPORTED, "pause container " + id + ": no cgroup2 is delegated to this user")
                    .withHint("on a machine with systemd and the unified hierarchy, log in through systemd-logind");
        }
        String command = paused ? "pause" : "resume";
        run(command, List.of(command, id));
    }

    /// What the runtime, also started by a monitor, has in its environment.
    List<String> environment() {
        return environment;
    }

    boolean hasCgroups() {
        return cgroups != CgroupAccess.Driver.DISABLED;
    }

    /// Changes the limits of a running container's cgroup.
    ///
    /// @param resources a file with the `resources` object of the OCI runtime configuration
    void update(String id, Path resources) {
        run("update", List.of("update", "--resources", resources.toString(), id));
    }

    /// Runs a command to its end.
    ///
    /// @return its standard output
    private String run(String what, List<String> arguments) {
        return PlatformThreads.call(() -> runHere(what, arguments));
    }

    private String runHere(String what, List<String> arguments) {
        List<String> argv = new ArrayList<>(List.of(program.toString()));
        argv.addAll(globalArguments());
        argv.addAll(arguments);
        String key = "runtime/" + what + "/" + COMMANDS.incrementAndGet();
        try (Pipe out = new Pipe();
                Pipe err = new Pipe()) {
            SpawnedProcess child =
                    spawner.spawn(SpawnRequest.of(key, argv, environment, Map.of(1, out.write(), 2, err.write()))
                            .dyingWithDaemon());
            child.pidfd().close();
            out.write().close();
            err.write().close();
            String output = out.text();
            String errors = err.text();
            int code = SpawnedProcess.exitCode(PlatformThreads.join(child.waitStatus()));
            spawner.acknowledge(key);
            if (code != 0) {
                throw RuntimeFailure.of(name() + " " + what, errors.isBlank() ? "exit code " + code : errors);
            }
            return output;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, name() + " " + what + ": " + e.getMessage(), e);
        }
    }

    /// A pipe whose text is read by this side.
    private record Pipe(Fd read, Fd write) implements AutoCloseable {
        Pipe() throws ErrnoException {
            this(Pipes.pipe());
        }

        private Pipe(Fd[] ends) {
            this(ends[0], ends[1]);
        }

        String text() throws IOException {
            try (InputStream in = Pipes.input(read)) {
                return new String(in.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
            }
        }

        @Override
        public void close() {
            read.close();
            write.close();
        }
    }
}
