// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.model.network.PortMapping;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Finds who has a port, by /proc/thread-self/net (proc(5)). Processes of other users hide their descriptors.
final class PortOwner {
    private static final String LISTENING = "0A";
    private static final int LOCAL = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;

    private PortOwner() {}

    /// `NAME (pid N)` of the first process that has one of the mapping's ports.
    static Optional<String> find(PortMapping mapping) {
        Set<String> sockets = new HashSet<>();
        for (String table : List.of(mapping.protocol(), mapping.protocol() + "6")) {
            sockets.addAll(sockets(mapping, Path.of("/proc/thread-self/net").resolve(table)));
        }
        if (sockets.isEmpty()) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
            for (Path process : processes) {
                if (holds(process, sockets)) {
                    String name = Files.readString(process.resolve("comm")).strip();
                    return Optional.of(name + " (pid " + process.getFileName() + ")");
                }
            }
        } catch (IOException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static Set<String> sockets(PortMapping mapping, Path table) {
        Set<String> found = new HashSet<>();
        try (var lines = Files.lines(table)) {
            lines.skip(1).map(l -> l.strip().split("\\s+")).forEach(words -> {
                String local = words[LOCAL];
                int port = Integer.parseInt(local.substring(local.indexOf(':') + 1), 16);
                boolean listens = mapping.protocol().equals("udp") || words[STATE].equals(LISTENING);
                if (listens && port >= mapping.hostPort() && port < mapping.hostPort() + mapping.count()) {
                    found.add("socket:[" + words[INODE] + "]");
                }
            });
        } catch (IOException | RuntimeException e) {
            return Set.of();
        }
        return found;
    }

    private static boolean holds(Path process, Set<String> sockets) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path d : descriptors) {
                if (sockets.contains(Files.readSymbolicLink(d).toString())) {
                    return true;
                }
            }
        } catch (IOException | RuntimeException e) {
            // another user's, or gone
        }
        return false;
    }
}
