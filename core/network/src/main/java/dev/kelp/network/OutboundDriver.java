// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.rootless.SpawnedProcess;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A user-mode TCP/IP stack that connects the detached namespace with the host: a process of the distribution, started
/// by the holder so that it outlives the daemon, with a tap device inside. It ends with the holder, lest one is left
/// when the last container is gone; the next holder's daemon starts another.
///
/// The contract, which a suite checks for each: after [#start] returned, programs inside reach the host's network (and
/// its loopback only when asked for); the device is gone when the process is; a driver that is not installed says which
/// package brings it.
public interface OutboundDriver {
    /// The key under which the holder keeps the process of the detached namespace: one at a time.
    String KEY = "network/outbound";

    /// Its device in the namespace. It exists exactly as long as the process does.
    String DEVICE = "tap0";

    /// Its network, unless it is to be another.
    Subnet CIDR_DEFAULT = Subnet.parse("10.0.2.0/24");

    /// How it is set up.
    ///
    /// @param mtu of the device, in bytes; 0: the driver's best
    /// @param hostLoopback whether [Running#gateway] leads to services on the host's loopback interface
    /// @param cidr the device's network; empty: 10.0.2.0/24 or what the driver chooses
    /// @param sandbox the driver gives up what it does not need (own mount namespace, seccomp)
    /// @param special what only a launcher asks for
    record Options(
            int mtu, boolean ipv6, boolean hostLoopback, Optional<Subnet> cidr, boolean sandbox, Special special) {
        public static final Options DEFAULT = new Options(0, false, false, Optional.empty(), true);

        public Options(int mtu, boolean ipv6, boolean hostLoopback, Optional<Subnet> cidr, boolean sandbox) {
            this(
                    mtu,
                    ipv6,
                    hostLoopback,
                    cidr,
                    sandbox,
                    new Special(Optional.empty(), DEVICE, sandbox, Optional.empty(), false));
        }

        public Options withIpv6(boolean wanted) {
            return new Options(mtu, wanted, hostLoopback, cidr, sandbox, special);
        }

        public Options withSpecial(Special other) {
            return new Options(mtu, ipv6, hostLoopback, cidr, sandbox, other);
        }
    }

    /// How a driver is set up beyond what an engine needs.
    ///
    /// @param program instead of the one of that name; absolute
    /// @param device instead of [#DEVICE]
    /// @param seccomp beside `sandbox`: the driver may make few system calls
    /// @param control where it listens for requests, if it is one that does
    /// @param openPorts every port that is listened on inside is opened outside as well
    /// @param key instead of [#KEY], for another namespace than the detached one
    /// @param arguments the driver's own, besides those made of all others or in place of them
    record Special(
            Optional<Path> program,
            String device,
            boolean seccomp,
            Optional<Path> control,
            boolean openPorts,
            String key,
            List<String> arguments) {
        public Special(
                Optional<Path> program, String device, boolean seccomp, Optional<Path> control, boolean openPorts) {
            this(program, device, seccomp, control, openPorts, KEY, List.of());
        }

        public Special withControl(Path socket) {
            return new Special(program, device, seccomp, Optional.of(socket), openPorts, key, arguments);
        }

        public Special withOpenPorts() {
            return new Special(program, device, seccomp, control, true, key, arguments);
        }
    }

    /// A driver that works.
    ///
    /// @param address the device's
    /// @param gateway the host as seen from inside
    /// @param nameServers that it answers for; empty: the host's own are to be asked
    record Running(SpawnedProcess process, InetAddress address, InetAddress gateway, List<InetAddress> nameServers) {}

    /// As in flags and variables: one of [#NAMES].
    String name();

    /// Whether its program is there.
    boolean isInstalled();

    /// Starts it and waits until it works.
    ///
    /// @throws KelpException NOT_FOUND when it is not installed, else with the program's own words
    Running start(DetachedNamespace namespace, Options options);

    /// Their names, the one to prefer first.
    List<String> NAMES = List.of("slirp4netns", "pasta", GvisorTapVsock.NAME, Vpnkit.NAME);

    /// All there are, the one to prefer first.
    static List<OutboundDriver> all(HostPrograms programs) {
        return List.of(
                new Slirp4netns(programs), new Pasta(programs), new GvisorTapVsock(programs), new Vpnkit(programs));
    }

    /// Whether the program of the driver of that name is there.
    static boolean isInstalled(String name) {
        return (name.equals(GvisorTapVsock.NAME) ? GvisorTapVsock.program() : HostPrograms.find(name)).isPresent();
    }
}
