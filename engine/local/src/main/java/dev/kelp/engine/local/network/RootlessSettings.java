// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.OutboundDriver;
import dev.kelp.network.OutboundDriver.Options;
import dev.kelp.network.OutboundDriver.Special;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How networks are set up for rootless containerd, by the variables its start script reads
/// (`CONTAINERD_ROOTLESS_ROOTLESSKIT_…`) in the environment of whoever started Kelp: the service's, or the first
/// command's. A setting counts from the next start of the holder on.
///
/// @param driver the way out; empty: the first that is installed
/// @param options the driver's
/// @param hasWayOut false for `none`
/// @param stateFolder a launcher's, to be kept for scripts; empty unless it is named
/// @param remarks what is set and has no effect, a sentence each
record RootlessSettings(
        Optional<String> driver, Options options, boolean hasWayOut, Optional<Path> stateFolder, List<String> remarks) {
    static final String PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    private static final int MTU_MAX = 65521;
    private static final int PREFIX_BITS_MAX = 25;
    private static final String NONE = "none";
    private static final String TRUE = "true";
    private static final String FALSE = "false";
    private static final String NAMED_DISABLE_HOST_LOOPBACK = "DISABLE_HOST_LOOPBACK";

    /// Flags of RootlessKit's that mean something here, and the variable each stands for.
    private static final Map<String, String> FLAGS = Map.of(
            "--net", "NET",
            "--state-dir", "STATE_DIR",
            "--mtu", "MTU",
            "--cidr", "CIDR",
            "--ipv6", "IPV6",
            "--port-driver", "PORT_DRIVER",
            "--detach-netns", "DETACH_NETNS",
            "--slirp4netns-sandbox", "SLIRP4NETNS_SANDBOX",
            "--slirp4netns-seccomp", "SLIRP4NETNS_SECCOMP",
            "--disable-host-loopback", NAMED_DISABLE_HOST_LOOPBACK);

    private static final List<String> SWITCHES = List.of("--ipv6", "--detach-netns", "--disable-host-loopback");
    private static final List<String> PORT_DRIVERS =
            List.of("builtin", "slirp4netns", "implicit", NONE, "pesto", "gvisor-tap-vsock");

    RootlessSettings {
        remarks = List.copyOf(remarks);
    }

    /// @param environment may have other variables too
    /// @param hostHasIpv6 decides where nothing is said
    /// @throws KelpException INVALID_ARGUMENT, naming the variable
    static RootlessSettings of(Map<String, String> environment, boolean hostHasIpv6) {
        return new Reader(environment).read(hostHasIpv6);
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
            checkPortDriver();
            checkDetached();
            boolean sandbox = truth("SLIRP4NETNS_SANDBOX", true);
            Special special = new Special(
                    Optional.empty(),
                    OutboundDriver.DEVICE,
                    truth("SLIRP4NETNS_SECCOMP", true),
                    Optional.empty(),
                    false);
            Options options = new Options(
                    mtu(),
                    truth("IPV6", hostHasIpv6),
                    !truth(NAMED_DISABLE_HOST_LOOPBACK, true),
                    cidr(),
                    sandbox,
                    special);
            return new RootlessSettings(
                    net.filter(n -> !n.equals(NONE)), options, !net.equals(Optional.of(NONE)), stateFolder(), remarks);
        }

        private Optional<Path> stateFolder() {
            String text = values.get("STATE_DIR");
            if (text != null && !text.startsWith("/")) {
                throw bad("STATE_DIR", text, "it is an absolute path");
            }
            return Optional.ofNullable(text).map(t -> Path.of(t).normalize());
        }

        private void checkNet(String net) {
            if (!net.equals(NONE) && !OutboundDriver.NAMES.contains(net)) {
                throw bad("NET", net, "use " + String.join(", ", OutboundDriver.NAMES) + " or none");
            }
        }

        private void checkPortDriver() {
            String driver = values.getOrDefault("PORT_DRIVER", "builtin");
            if (!PORT_DRIVERS.contains(driver)) {
                throw bad("PORT_DRIVER", driver, "use builtin");
            }
            if (!driver.equals("builtin")) {
                remarks.add(PREFIX + "PORT_DRIVER=" + driver
                        + ": ports are published by Kelp's builtin driver, which shows services their clients too");
            }
        }

        private void checkDetached() {
            if (!truth("DETACH_NETNS", true)) {
                remarks.add(PREFIX + "DETACH_NETNS=" + values.get("DETACH_NETNS")
                        + ": the network namespace is detached all the same, so pulls go through the host's network");
            }
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
