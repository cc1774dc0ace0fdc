// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A network that a container has for itself: no bridge and no neighbours, but a user-mode stack of its own. As Podman
/// writes it: `slirp4netns[:OPTION=VALUE,…]`, `pasta[:ARGUMENT,…]`.
///
/// @param driver `slirp4netns` or `pasta`
/// @param mtu 0: the driver's best
/// @param hostLoopback whether the gateway leads to services on the host's loopback interface
/// @param driverPublishes whether the driver itself opens published ports, which shows the service its client's address
/// @param arguments the driver's own
public record PrivateNetwork(
        String driver,
        int mtu,
        Optional<Subnet> cidr,
        boolean ipv6,
        boolean hostLoopback,
        boolean driverPublishes,
        List<String> arguments) {
    public static final String SLIRP4NETNS = "slirp4netns";
    public static final String PASTA = "pasta";

    /// pasta's option names a gateway that is the host; Podman has the opposite, since it is not by default.
    private static final String MAP_GATEWAY = "--map-gw";

    private static final Set<String> SLIRP_OPTIONS = Set.of(
            "allow_host_loopback", "mtu", "cidr", "enable_ipv6", "outbound_addr", "outbound_addr6", "port_handler");
    private static final int MTU_MAX = 65521;

    public PrivateNetwork {
        arguments = List.copyOf(arguments);
    }

    /// Whether a network mode is such a network.
    public static boolean isOne(String mode) {
        String driver = driver(mode);
        return driver.equals(SLIRP4NETNS) || driver.equals(PASTA);
    }

    private static String driver(String mode) {
        int colon = mode.indexOf(':');
        return colon < 0 ? mode : mode.substring(0, colon);
    }

    /// @throws KelpException INVALID_ARGUMENT
    public static PrivateNetwork parse(String mode) {
        String driver = driver(mode);
        String options = mode.length() > driver.length() ? mode.substring(driver.length() + 1) : "";
        List<String> words = mode.equals(driver) ? List.of() : List.of(options.split(",", -1));
        return driver.equals(PASTA) ? pasta(words) : slirp4netns(mode, words);
    }

    private static PrivateNetwork pasta(List<String> words) {
        List<String> arguments = new ArrayList<>(words);
        boolean hostLoopback = arguments.removeIf(MAP_GATEWAY::equals);
        return new PrivateNetwork(PASTA, 0, Optional.empty(), true, hostLoopback, true, arguments);
    }

    private static PrivateNetwork slirp4netns(String mode, List<String> words) {
        int mtu = 0;
        Optional<Subnet> cidr = Optional.empty();
        boolean ipv6 = true;
        boolean hostLoopback = false;
        boolean driverPublishes = false;
        List<String> arguments = new ArrayList<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            if (!SLIRP_OPTIONS.contains(name)) {
                throw KelpException.invalid("--network=" + mode + ": unknown option `" + name + "` for slirp4netns")
                        .withHint("use one of "
                                + String.join(
                                        ", ", SLIRP_OPTIONS.stream().sorted().toList()));
            }
            if (value.isEmpty()) {
                throw KelpException.invalid("--network=" + mode + ": option `" + name + "` needs a value");
            }
            switch (name) {
                case "mtu" -> mtu = mtu(mode, value);
                case "cidr" -> cidr = Optional.of(cidr(mode, value));
                case "enable_ipv6" -> ipv6 = truth(mode, value);
                case "allow_host_loopback" -> hostLoopback = truth(mode, value);
                case "port_handler" -> driverPublishes = publishes(mode, value);
                default -> arguments.add("--" + name.replace('_', '-') + "=" + value);
            }
        }
        return new PrivateNetwork(SLIRP4NETNS, mtu, cidr, ipv6, hostLoopback, driverPublishes, arguments);
    }

    private static int mtu(String mode, String value) {
        if (!value.matches("\\d{1,5}") || Integer.parseInt(value) < 68 || Integer.parseInt(value) > MTU_MAX) {
            throw KelpException.invalid("--network=" + mode + ": mtu `" + value + "` is not from 68 to " + MTU_MAX);
        }
        return Integer.parseInt(value);
    }

    private static Subnet cidr(String mode, String value) {
        Subnet subnet = Subnet.parse(value);
        // slirp4netns(1): room for its gateway, name server and device
        if (subnet.isIpv6() || subnet.prefixBits() > 25) {
            throw KelpException.invalid(
                    "--network=" + mode + ": cidr " + value + " is not an IPv4 network of /25 or larger");
        }
        return subnet;
    }

    private static boolean truth(String mode, String value) {
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw KelpException.invalid("--network=" + mode + ": `" + value + "` is neither true nor false");
        };
    }

    private static boolean publishes(String mode, String value) {
        return switch (value) {
            case "slirp4netns" -> true;
            case "rootlesskit" -> false;
            default ->
                throw KelpException.invalid("--network=" + mode + ": unknown port_handler `" + value
                        + "`, expected one of: rootlesskit, slirp4netns");
        };
    }
}
