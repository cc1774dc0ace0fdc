// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// The folder everything of one run lies in, the environment its programs get, and what must be undone at the end.
final class Workspace implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final int STOP_SECONDS = 20;

    private final Path folder;
    private final Path memory;
    private final Map<String, String> environment = new HashMap<>();
    private final Deque<Runnable> undo = new ArrayDeque<>();

    Workspace() {
        try {
            // Not /tmp: where that is a tmpfs the storage would be measured on memory. Short: Podman takes 50
            // characters.
            folder = Files.createDirectory(Path.of("/var/tmp/kelp-bench-" + ProcessHandle.current().pid()));
            memory = memory();
            environment.put("HOME", folder("home").toString());
            environment.put("XDG_RUNTIME_DIR", inMemory("xdg").toString());
            environment.put("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
            environment.put("LANG", "C.UTF-8");
        } catch (IOException e) {
            throw new UncheckedIOException("make a folder in /var/tmp", e);
        }
        // In the namespace of all the user's ids: layers hold files of others than the user.
        atEnd(() -> command("unshare", "--user", "--map-root-user", "--map-auto", "rm", "-rf")
                .with(folder.toString(), memory.toString())
                .attempt());
    }

    /// Where an ordinary machine has /run/user: a tmpfs. What engines keep there while a container runs would
    /// otherwise be measured on the disk.
    private Path memory() throws IOException {
        Path shared = Path.of("/dev/shm");
        boolean usable = Files.isWritable(shared) && Files.getFileStore(shared).type().equals("tmpfs");
        return usable
                ? Files.createDirectory(shared.resolve("kelp-bench-" + ProcessHandle.current().pid()))
                : Files.createDirectory(folder.resolve("run"));
    }

    /// A new folder in memory, where there is such.
    Path inMemory(String name) {
        try {
            Path made = Files.createDirectories(memory.resolve(name));
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwx------"));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException("make " + name + " in " + memory, e);
        }
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    /// A new folder in it.
    Path folder(String name) {
        try {
            return Files.createDirectories(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException("make " + name + " in " + folder, e);
        }
    }

    Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException("write " + name + " in " + folder, e);
        }
    }

    Command command(String... words) {
        return Command.of(environment, words);
    }

    /// Registers work for the end; the last registered is done first.
    void atEnd(Runnable work) {
        synchronized (undo) {
            undo.push(work);
        }
    }

    /// Starts a program that stays until the end, and waits until it is ready. Its output is in `NAME.log`.
    Process background(String name, Command command, BooleanSupplier ready) {
        try {
            Path log = path(name + ".log");
            Process process = command.start(log);
            atEnd(() -> stop(process));
            long deadline = System.nanoTime() + START_LIMIT.toNanos();
            while (!ready.getAsBoolean()) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException(name + " did not start: " + Files.readString(log));
                }
                Thread.sleep(20);
            }
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("start " + name, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void stop(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /// Undoes everything, once, however often it is called.
    @Override
    public void close() {
        synchronized (undo) {
            while (!undo.isEmpty()) {
                try {
                    undo.pop().run();
                } catch (RuntimeException e) {
                    System.err.println("bench: clean up: " + e.getMessage());
                }
            }
        }
    }
}
