// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The machine's own addresses, as other machines may use them.
final class HostAddresses {
    private HostAddresses() {}

    static Optional<InetAddress> ipv4() {
        return all().filter(a -> a.getAddress().length == 4).findFirst();
    }

    static Optional<InetAddress> ipv6() {
        return all().filter(a -> a.getAddress().length > 4).findFirst();
    }

    /// Another one than that.
    static Optional<InetAddress> ipv4Besides(InetAddress one) {
        return all().filter(a -> a.getAddress().length == 4 && !a.equals(one)).findFirst();
    }

    static boolean hasIpv6() {
        return all().anyMatch(a -> a.getAddress().length > 4);
    }

    /// The interface that the default route leads through.
    static Optional<String> outwardInterface() {
        return defaultRoute().map(words -> words[0]);
    }

    /// Where the default route leads.
    static Optional<String> outwardGateway() {
        return defaultRoute().map(words -> text(words[2])).filter(address -> !address.equals("0.0.0.0"));
    }

    /// Its columns: interface, destination, gateway, …
    private static Optional<String[]> defaultRoute() {
        return lines("route")
                .map(l -> l.split("\\s+"))
                .filter(words -> words.length > 2 && words[1].equals("00000000"))
                .findFirst();
    }

    /// An address from its digits as the kernel prints them: one number in the machine's byte order.
    private static String text(String hex) {
        int value = Integer.parseUnsignedInt(hex, 16);
        byte[] bytes = ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array();
        return IntStream.range(0, bytes.length)
                .mapToObj(i -> Integer.toString(Byte.toUnsignedInt(bytes[i])))
                .collect(Collectors.joining("."));
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
