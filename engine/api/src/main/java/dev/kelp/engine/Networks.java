// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The networks of the engine, which all namespaces share. A "network" argument is a name, an id, or an unambiguous
/// prefix of an id; a "container" one is of the namespace this was asked of.
///
/// Three are always there: `bridge`, which containers join unless told otherwise, `host` and `none`.
public interface Networks {
    String BRIDGE = "bridge";
    String HOST = "host";
    String NONE = "none";

    /// The first network's addresses, unless the default one was given others.
    Subnet BRIDGE_SUBNET = Subnet.parse("10.4.0.0/24");

    /// Makes a network; ALREADY_EXISTS when the name is taken, INVALID_ARGUMENT when its subnet overlaps another's.
    NetworkDefinition create(NewNetwork network);

    /// Makes the networks that plugins of the Container Network Interface make those of exactly these files; one
    /// that
    /// containers are on stays.
    ///
    /// @param folder the absolute path of the files' folder
    /// @return what was left out and why, a sentence each
    List<String> adopt(String folder, List<NetworkDefinition.Plugins> found);

    /// All networks, the three that are always there first, then by age.
    List<NetworkDefinition> list();

    NetworkDetail inspect(String network);

    /// Removes a network; FAILED_PRECONDITION when containers are connected.
    void remove(String network);

    /// Joins a running container, which gets another interface; its names are known at once.
    void connect(String network, String container, Wish wish);

    /// Takes a running container out of a network.
    void disconnect(String network, String container);

    /// @param driver `bridge`
    record NewNetwork(
            String name,
            String driver,
            Addressing addressing,
            boolean internal,
            Map<String, String> labels,
            Map<String, String> options) {}

    /// The addresses of a new network.
    ///
    /// @param subnets at most one of each family; where none is of a family that is wanted, a free one is chosen
    /// @param gateways of the subnets, by family; missing ones are the first address
    /// @param ranges inside the subnets, by family
    /// @param auxiliary name → an address of a subnet that no container is to get
    /// @param ipv4 whether there is IPv4
    /// @param ipv6 the same of IPv6; null: where a subnet is of it
    /// @param options kept and shown
    record Addressing(
            List<String> subnets,
            List<String> gateways,
            List<String> ranges,
            Map<String, String> auxiliary,
            boolean ipv4,
            @Nullable Boolean ipv6,
            Map<String, String> options) {
        /// IPv4 in these subnets.
        public static Addressing of(String... subnets) {
            return new Addressing(List.of(subnets), List.of(), List.of(), Map.of(), true, null, Map.of());
        }
    }

    /// A network and who is on it.
    record NetworkDetail(NetworkDefinition network, List<Member> members) {}

    /// A container on a network.
    ///
    /// @param interfaceName in the container
    record Member(
            String containerId,
            String containerName,
            String interfaceName,
            @Nullable String ipv4,
            @Nullable String ipv6,
            @Nullable String mac) {}

    /// What a running container has of networks, as `inspect` and `port` show it.
    ///
    /// @param endpoints network name → its end there
    /// @param ports those published, with the host's ports that were chosen
    record Attached(Map<String, Member> endpoints, List<PortMapping> ports) {
        public static final Attached NOTHING = new Attached(Map.of(), List.of());
    }
}
