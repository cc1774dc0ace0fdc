// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The machine's own addresses, as other machines may use them.
final class HostAddresses {
    private HostAddresses() {}

    static Optional<InetAddress> ipv4() {
        return all().filter(a -> a.getAddress().length == 4).findFirst();
    }

    static boolean hasIpv6() {
        return all().anyMatch(a -> a.getAddress().length > 4);
    }

    /// The interface that the default route leads through.
    static Optional<String> outwardInterface() {
        // columns: interface, destination, gateway, …
        return lines("route")
                .map(l -> l.split("\\s+"))
                .filter(words -> words.length > 1 && words[1].equals("00000000"))
                .map(words -> words[0])
                .findFirst();
    }

    /// The one beside the loopback in the network of the calling thread.
    static Optional<String> onlyInterface() {
        return lines("dev")
                .filter(l -> l.contains(":"))
                .map(l -> l.substring(0, l.indexOf(':')).strip())
                .filter(name -> !name.equals("lo"))
                .findFirst();
    }

    private static Stream<String> lines(String table) {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/net").resolve(table)).stream();
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static Stream<InetAddress> all() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(HostAddresses::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress());
        } catch (SocketException e) {
            return Stream.empty();
        }
    }

    private static boolean isUp(NetworkInterface device) {
        try {
            return device.isUp();
        } catch (SocketException e) {
            return false;
        }
    }
}
