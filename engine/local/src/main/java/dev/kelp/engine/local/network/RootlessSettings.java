// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.BridgedWayOut;
import dev.kelp.network.LxcUserNic;
import dev.kelp.network.OutboundDriver;
import dev.kelp.network.OutboundDriver.Options;
import dev.kelp.network.OutboundDriver.Special;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// How networks are set up for rootless containerd, by the variables its start script reads
/// (`CONTAINERD_ROOTLESS_ROOTLESSKIT_…`) in the environment of whoever started Kelp: the service's, or the first
/// command's. A setting counts from the next start of the holder on.
///
/// @param driver the way out; empty: the first that is installed
/// @param options the driver's
/// @param bridge of the host, for `lxc-user-nic`
/// @param hasWayOut false for `none`
/// @param ports what opens published ports
/// @param stateFolder a launcher's, to be kept for scripts; empty unless it is named
/// @param remarks what is set and has no effect, a sentence each
record RootlessSettings(
        Optional<String> driver,
        Options options,
        BridgedWayOut.Choice bridge,
        boolean hasWayOut,
        PortDriver ports,
        Optional<Path> stateFolder,
        List<String> remarks) {
    static final String PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    /// What user-mode stacks do best with: they take a packet at a time.
    static final int MTU_BEST = 65520;

    private static final int MTU_MAX = 65521;
    private static final List<String> ETHERNET_DRIVERS = List.of("vpnkit", "gvisor-tap-vsock", LxcUserNic.NAME);
    private static final List<String> NETWORKS = Stream.concat(
                    OutboundDriver.NAMES.stream(), Stream.of(LxcUserNic.NAME))
            .toList();
    private static final String LXC_BRIDGE = "lxcbr0";
    private static final int PREFIX_BITS_MAX = 25;
    private static final String NONE = "none";
    private static final String TRUE = "true";
    private static final String FALSE = "false";
    private static final String NAMED_DETACH_NETNS = "DETACH_NETNS";
    private static final String NAMED_PORT_DRIVER = "PORT_DRIVER";
    private static final String NAMED_LXC_BINARY = "LXC_USER_NIC_BINARY";
    private static final String NAMED_LXC_BRIDGE = "LXC_USER_NIC_BRIDGE";
    private static final String NAMED_DISABLE_HOST_LOOPBACK = "DISABLE_HOST_LOOPBACK";

    /// Flags of RootlessKit's that mean something here, and the variable each stands for.
    private static final Map<String, String> FLAGS = Map.ofEntries(
            Map.entry("--net", "NET"),
            Map.entry("--state-dir", "STATE_DIR"),
            Map.entry("--mtu", "MTU"),
            Map.entry("--cidr", "CIDR"),
            Map.entry("--ipv6", "IPV6"),
            Map.entry("--port-driver", NAMED_PORT_DRIVER),
            Map.entry("--detach-netns", NAMED_DETACH_NETNS),
            Map.entry("--slirp4netns-sandbox", "SLIRP4NETNS_SANDBOX"),
            Map.entry("--slirp4netns-seccomp", "SLIRP4NETNS_SECCOMP"),
            Map.entry("--lxc-user-nic-binary", NAMED_LXC_BINARY),
            Map.entry("--lxc-user-nic-bridge", NAMED_LXC_BRIDGE),
            Map.entry("--disable-host-loopback", NAMED_DISABLE_HOST_LOOPBACK));

    private static final List<String> SWITCHES = List.of("--ipv6", "--detach-netns", "--disable-host-loopback");
    /// RootlessKit's others, for which Kelp's own stands in.
    private static final List<String> OTHER_PORT_DRIVERS = List.of("pesto", "gvisor-tap-vsock");

    /// What opens the host's ports.
    enum PortDriver {
        /// Kelp's own.
        BUILTIN(null),
        /// slirp4netns, on request.
        SLIRP4NETNS("slirp4netns"),
        /// pasta, for everything that is listened on in the namespace.
        IMPLICIT("pasta"),
        /// Nothing: no port is published.
        NONE(null);

        /// The only network driver it goes with.
        private final @Nullable String net;

        PortDriver(@Nullable String net) {
            this.net = net;
        }
    }

    RootlessSettings {
        remarks = List.copyOf(remarks);
    }

    /// @param environment may have other variables too
    /// @param hostHasIpv6 decides where nothing is said
    /// @throws KelpException INVALID_ARGUMENT, naming the variable
    static RootlessSettings of(Map<String, String> environment, boolean hostHasIpv6) {
        return new Reader(environment).read(hostHasIpv6);
    }

    /// Whether the way out is no program but an interface on a bridge of the host.
    boolean isBridged() {
        return driver.equals(Optional.of(LxcUserNic.NAME));
    }

    /// Of container networks that are not told one: a container's packets are to reach the driver as large as it
    /// takes
    /// them.
    int mtu() {
        boolean small =
                options.mtu() == 0 && driver.filter(ETHERNET_DRIVERS::contains).isPresent();
        return small ? NetworkDefinition.MTU_DEFAULT : options.mtu() == 0 ? MTU_BEST : options.mtu();
    }

    /// Whether the network namespace is apart from what the daemon and `--network=host` use; the other variables
    /// may be
    /// mistyped.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    static boolean detaches(Map<String, String> environment) {
        return new Reader(environment).truth(NAMED_DETACH_NETNS, true);
    }

    private static final class Reader {
        private final Map<String, String> values = new HashMap<>();
        private final List<String> remarks = new ArrayList<>();

        Reader(Map<String, String> environment) {
            environment.forEach((name, value) -> {
                if (name.startsWith(PREFIX) && !value.isBlank()) {
                    values.put(name.substring(PREFIX.length()), value.strip());
                }
            });
            // they come last on the launcher's command line, and the last value counts
            flags(values.getOrDefault("FLAGS", ""));
        }

        private void flags(String text) {
            List<String> words = new ArrayList<>(List.of(text.strip().split("\\s+")));
            List<String> useless = new ArrayList<>();
            while (!words.isEmpty()) {
                String word = words.removeFirst();
                int equals = word.indexOf('=');
                String flag = equals < 0 ? word : word.substring(0, equals);
                String variable = FLAGS.get(flag);
                boolean wantsWord = equals < 0 && !SWITCHES.contains(flag);
                if (variable == null) {
                    useless.addAll(word.isEmpty() ? List.of() : List.of(word));
                } else if (equals >= 0) {
                    values.put(variable, word.substring(equals + 1));
                } else if (!wantsWord) {
                    values.put(variable, TRUE);
                } else if (words.isEmpty()) {
                    throw KelpException.invalid(PREFIX + "FLAGS: flag needs an argument: " + flag);
                } else {
                    values.put(variable, words.removeFirst());
                }
            }
            if (!useless.isEmpty()) {
                remarks.add(PREFIX + "FLAGS: " + String.join(" ", useless)
                        + " has no effect on Kelp's own daemon (publish ports with `run -p`)");
            }
        }

        RootlessSettings read(boolean hostHasIpv6) {
            Optional<String> net = Optional.ofNullable(values.get("NET"));
            net.ifPresent(this::checkNet);
            PortDriver ports = portDriver(net);
            truth(NAMED_DETACH_NETNS, true);
            boolean sandbox = truth("SLIRP4NETNS_SANDBOX", true);
            Special special = new Special(
                    Optional.empty(),
                    OutboundDriver.DEVICE,
                    truth("SLIRP4NETNS_SECCOMP", true),
                    Optional.empty(),
                    ports == PortDriver.IMPLICIT);
            Options options = new Options(
                    mtu(),
                    truth("IPV6", hostHasIpv6),
                    !truth(NAMED_DISABLE_HOST_LOOPBACK, true),
                    cidr(),
                    sandbox,
                    special);
            return new RootlessSettings(
                    net.filter(n -> !n.equals(NONE)).or(() -> Optional.ofNullable(ports.net)),
                    options,
                    new BridgedWayOut.Choice(
                            values.getOrDefault(NAMED_LXC_BINARY, ""),
                            values.getOrDefault(NAMED_LXC_BRIDGE, LXC_BRIDGE),
                            options.mtu()),
                    !net.equals(Optional.of(NONE)),
                    ports,
                    stateFolder(),
                    remarks);
        }

        private Optional<Path> stateFolder() {
            String text = values.get("STATE_DIR");
            if (text != null && !text.startsWith("/")) {
                throw bad("STATE_DIR", text, "it is an absolute path");
            }
            return Optional.ofNullable(text).map(t -> Path.of(t).normalize());
        }

        private void checkNet(String net) {
            if (!net.equals(NONE) && !NETWORKS.contains(net)) {
                throw bad("NET", net, "use " + String.join(", ", NETWORKS) + " or none");
            }
        }

        private PortDriver portDriver(Optional<String> net) {
            String name = values.getOrDefault(NAMED_PORT_DRIVER, "builtin");
            if (OTHER_PORT_DRIVERS.contains(name)) {
                remarks.add(PREFIX + NAMED_PORT_DRIVER + "=" + name
                        + ": ports are published by Kelp's builtin driver, which shows services their clients too");
                return PortDriver.BUILTIN;
            }
            PortDriver driver = Stream.of(PortDriver.values())
                    .filter(d -> d.name().toLowerCase(Locale.ROOT).equals(name))
                    .findFirst()
                    .orElseThrow(() ->
                            bad(NAMED_PORT_DRIVER, name, "use builtin, slirp4netns, implicit (with pasta) or none"));
            if (driver.net != null && net.isPresent() && !net.get().equals(driver.net)) {
                throw KelpException.invalid(PREFIX + NAMED_PORT_DRIVER + ": port driver \"" + name
                        + "\" does not go with network \"" + net.get() + "\"");
            }
            return driver;
        }

        private int mtu() {
            String text = values.getOrDefault("MTU", "0");
            int mtu = text.matches("\\d{1,6}") ? Integer.parseInt(text) : -1;
            if (mtu < 0 || mtu > MTU_MAX) {
                throw bad("MTU", text, "it is a number from 0 (the driver's best) to " + MTU_MAX);
            }
            return mtu;
        }

        private Optional<Subnet> cidr() {
            String text = values.get("CIDR");
            if (text == null) {
                return Optional.empty();
            }
            Subnet subnet = Subnet.parse(text);
            if (subnet.isIpv6() || subnet.prefixBits() > PREFIX_BITS_MAX) {
                throw KelpException.invalid(
                        PREFIX + "FLAGS: --cidr=" + text + " must be an IPv4 network of 128 addresses or more");
            }
            return Optional.of(subnet);
        }

        private boolean truth(String name, boolean byDefault) {
            String value = values.getOrDefault(name, "auto");
            return switch (value) {
                case "auto" -> byDefault;
                case TRUE, "1" -> true;
                case FALSE, "0" -> false;
                default -> throw bad(name, value, "use auto, true or false");
            };
        }

        private static KelpException bad(String name, String value, String hint) {
            return KelpException.invalid("unknown " + PREFIX + name + " value: " + value)
                    .withHint(hint);
        }
    }
}
