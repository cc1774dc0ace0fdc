// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
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
