// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/// What a process' network has, as /proc shows it (proc_pid_net(5)): it may be looked at from outside, and not entered.
///
/// @param subnets its interfaces are in
/// @param addresses its own, loopback included
record ContainerNetwork(List<Subnet> subnets, Set<InetAddress> addresses) {
    static final ContainerNetwork UNKNOWN = new ContainerNetwork(List.of(), Set.of());

    private static final int FILE_BYTES_MAX = 1 << 20;

    ContainerNetwork {
        subnets = List.copyOf(subnets);
        addresses = Set.copyOf(addresses);
    }

    /// @throws IOException when the process is gone
    static ContainerNetwork of(int process) throws IOException {
        Path folder = Path.of("/proc/" + process + "/net");
        String six = Files.exists(folder.resolve("if_inet6")) ? text(folder.resolve("if_inet6")) : "";
        return parse(text(folder.resolve("route")), text(folder.resolve("fib_trie")), six);
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException(file + " is longer than " + FILE_BYTES_MAX + " bytes");
            }
            return new String(bytes, StandardCharsets.US_ASCII);
        }
    }

    /// @param route routes of IPv4
    /// @param trie addresses of IPv4: one stands above `/32 host LOCAL`
    /// @param six addresses of IPv6: digits, index, prefix, …
    static ContainerNetwork parse(String route, String trie, String six) {
        List<Subnet> subnets = new ArrayList<>();
        for (String line : route.lines().skip(1).toList()) {
            String[] words = line.strip().split("\\s+");
            // interface, destination, gateway, flags, …, mask: numbers in the machine's order of bytes
            if (words.length > 7 && number(words[2]) == 0 && number(words[7]) != 0) {
                subnets.add(new Subnet(address(number(words[1])), Integer.bitCount(number(words[7]))));
            }
        }
        Set<InetAddress> addresses = new HashSet<>();
        String last = "";
        for (String line : trie.lines().map(String::strip).toList()) {
            if (line.startsWith("|--")) {
                last = line.substring(3).strip();
            } else if (line.equals("/32 host LOCAL") && !last.isEmpty()) {
                addresses.add(Subnet.parseAddress(last));
            }
        }
        for (String line : six.lines().toList()) {
            String[] words = line.strip().split("\\s+");
            if (words.length >= 4 && words[0].length() == 32) {
                InetAddress address = address(digits(words[0]));
                int bits = Integer.parseInt(words[2], 16);
                addresses.add(address);
                if (!address.isLoopbackAddress()) {
                    subnets.add(new Subnet(address, bits));
                }
            }
        }
        return new ContainerNetwork(subnets, addresses);
    }

    private static int number(String hexadecimal) {
        return hexadecimal.matches("[0-9A-F]{8}") ? Integer.parseUnsignedInt(hexadecimal, 16) : -1;
    }

    private static InetAddress address(int raw) {
        int big = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Integer.reverseBytes(raw) : raw;
        return address(new byte[] {(byte) (big >>> 24), (byte) (big >>> 16), (byte) (big >>> 8), (byte) big});
    }

    private static byte[] digits(String hexadecimal) {
        return HexFormat.of().parseHex(hexadecimal);
    }

    private static InetAddress address(byte[] digits) {
        try {
            return InetAddress.getByAddress(digits);
        } catch (UnknownHostException e) {
            throw KelpException.invalid("an address of " + digits.length + " bytes");
        }
    }
}
