// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.Engines;
import dev.kelp.testkit.Folders;
import dev.kelp.testkit.TestImages;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The words after `needs:`.
final class Needs {
    private static final class Debian {
        private static final Optional<String> IMAGE =
                TestImages.debian().map(layout -> Engines.registry().push(layout, "debian:latest"));
    }

    private Needs() {}

    /// The image's reference in the registry, where the machine has it.
    static Optional<String> debian() {
        return Debian.IMAGE;
    }

    /// An IPv4 address of the machine's that others on its network reach it by.
    static Optional<String> ownAddress() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress() && !a.isLinkLocalAddress())
                    .map(InetAddress::getHostAddress)
                    .findFirst();
        } catch (SocketException e) {
            throw new UncheckedIOException("list the machine's addresses", e);
        }
    }

    /// Why the machine does not have it; empty when it does. A word that names nothing else is a program.
    static Optional<String> lacking(String word) {
        boolean there = switch (word) {
            case "debian" -> debian().isPresent();
            case "own-address" -> ownAddress().isPresent();
            case "root" -> Folders.isRoot();
            case "rootless" -> !Folders.isRoot();
            case "cgroups" -> Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
            case "no-cgroups" -> !Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
            default -> word.startsWith("/") ? Files.exists(Path.of(word)) : program(word);
        };
        return there ? Optional.empty() : Optional.of("needs " + word);
    }

    private static boolean program(String name) {
        return Stream.of((System.getenv("PATH") + ":/usr/sbin:/sbin").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
    }
}
