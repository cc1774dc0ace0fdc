// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// Looks from outside for what an instance should not have: mounts, processes and folders of containers that are gone,
/// damaged blobs, a damaged database.
final class Leftovers {
    private static final List<String> CONTAINER_FOLDERS = List.of("containers", "mounts", "exits", "crun", "runc");

    private final KelpCli kelp;

    Leftovers(KelpCli kelp) {
        this.kelp = kelp;
    }

    /// SIGKILL, and until the process is gone.
    static void kill(long pid) {
        Program.of("kill", "-9", Long.toString(pid)).run().succeeded();
        awaitEnd(pid);
    }

    /// Until it has closed its sockets, too: its first thread may be gone before the others.
    static void awaitEnd(long pid) {
        Waiting.until(Duration.ofSeconds(20), "process " + pid + " is gone", () -> hasEnded(pid), () -> state(pid));
    }

    private static boolean hasEnded(long pid) {
        String state = state(pid);
        return state.isEmpty()
                || state.contains(") Z ")
                        && entries(Path.of("/proc/" + pid + "/task")).size() <= 1;
    }

    private static String state(long pid) {
        return read("/proc/" + pid + "/stat");
    }

    /// Removal may go on for a moment after the client of the container has its exit code.
    void awaitNothing() {
        Waiting.until(
                Duration.ofSeconds(20),
                "nothing is left of the containers",
                () -> withoutContainers().isEmpty(),
                () -> String.join("\n", withoutContainers()));
    }

    /// Everything that is left although no container is; to be asked when nothing is under way.
    List<String> withoutContainers() {
        List<String> found = new ArrayList<>(mounts());
        found.addAll(processes());
        for (String folder : CONTAINER_FOLDERS) {
            found.addAll(entries(kelp.runRoot().resolve(folder)));
        }
        found.addAll(entries(kelp.dataRoot().resolve("containers")));
        found.addAll(activeSnapshots());
        return found;
    }

    /// Mounts below the run root in the holder's mount namespace.
    List<String> mounts() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + kelp.holderPid() + "/mountinfo"))) {
            return lines.map(line -> line.split(" ")[4])
                    .filter(point -> point.startsWith(kelp.runRoot() + "/"))
                    // the detached network namespace stays for the next container, with its name for `nsenter`
                    .filter(point -> !point.equals(kelp.runRoot() + "/netns"))
                    .filter(point -> !point.equals(kelp.runRoot() + "/containerd-rootless/netns"))
                    .map(point -> "mount " + point)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("read the holder's mounts", e);
        }
    }

    /// Monitors and OCI runtimes that work for this instance.
    List<String> processes() {
        return ProcessHandle.allProcesses()
                .map(p -> p.pid() + " " + commandLine(p.pid()))
                .filter(line -> line.contains(kelp.runRoot().toString())
                        && (line.contains("conmon\0") || line.contains("crun\0") || line.contains("runc\0")))
                .map(line -> "process " + line.replace('\0', ' '))
                .toList();
    }

    private static String commandLine(long pid) {
        return read("/proc/" + pid + "/cmdline");
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static List<String> entries(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toString).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("list " + folder, e);
        }
    }

    private List<String> activeSnapshots() {
        return query("SELECT name FROM snapshots WHERE kind <> 'committed'").stream()
                .map(name -> "snapshot " + name)
                .toList();
    }

    /// What SQLite has to say about the database, besides `ok`.
    List<String> databaseDamage() {
        return query("PRAGMA integrity_check").stream()
                .filter(line -> !line.equals("ok"))
                .toList();
    }

    private List<String> query(String statement) {
        return Program.of("sqlite3", kelp.dataRoot().resolve("kelp.db").toString(), statement)
                .run()
                .succeeded()
                .lines();
    }

    /// Blobs whose content is not what their name says.
    List<String> damagedBlobs() {
        List<String> damaged = new ArrayList<>();
        for (String blob : entries(kelp.dataRoot().resolve("content/blobs/sha256"))) {
            if (!blob.endsWith("/" + sha256(Path.of(blob)))) {
                damaged.add("blob " + blob);
            }
        }
        return damaged;
    }

    private static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            try (DigestInputStream hashed = new DigestInputStream(in, digest)) {
                hashed.transferTo(java.io.OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException("hash " + file, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
