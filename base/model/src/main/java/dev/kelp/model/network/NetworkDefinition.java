// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A network as `network create` fixes it.
///
/// @param id 64 hexadecimal digits
/// @param driver `bridge`, or what its plugins make; `host` and `none` for the two that are always there
/// @param pools where its addresses come from, at most one of each family
/// @param internal no way out
/// @param mtu of its interfaces, in bytes
/// @param bridge the name of its bridge interface
/// @param createdMillis since 1970
/// @param plugins what makes it when it is not Kelp's own; null: it is
/// @param ipamOptions what was said to whoever hands out its addresses; only shown
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NetworkDefinition(
        String id,
        String name,
        String driver,
        List<Pool> pools,
        boolean internal,
        int mtu,
        String bridge,
        Map<String, String> labels,
        Map<String, String> options,
        long createdMillis,
        @Nullable Plugins plugins,
        Map<String, String> ipamOptions) {
    public static final int MTU_DEFAULT = 1500;

    /// The option that says whether a network's containers may talk to each other; they may unless it is `false`.
    public static final String INTER_CONTAINER = "com.docker.network.bridge.enable_icc";

    public NetworkDefinition {
        pools = pools == null ? List.of() : List.copyOf(pools);
        labels = labels == null ? Map.of() : Map.copyOf(labels);
        options = options == null ? Map.of() : Map.copyOf(options);
        ipamOptions = ipamOptions == null ? Map.of() : Map.copyOf(ipamOptions);
    }

    /// Whether its containers must not reach each other.
    public boolean keepsApart() {
        return "false".equals(options.get(INTER_CONTAINER));
    }

    /// One of Kelp's own.
    public NetworkDefinition(
            String id,
            String name,
            String driver,
            List<Pool> pools,
            boolean internal,
            int mtu,
            String bridge,
            Map<String, String> labels,
            Map<String, String> options,
            long createdMillis) {
        this(id, name, driver, pools, internal, mtu, bridge, labels, options, createdMillis, null, Map.of());
    }

    /// The network configuration of the Container Network Interface that a file of the user's holds.
    ///
    /// @param file where it was found
    /// @param list its text
    /// @param folders where its plugins are looked for
    public record Plugins(String file, String list, List<String> folders) {
        /// Where plugins lie unless the user says otherwise, as containerd has it.
        public static final List<String> FOLDERS = List.of(
                "/opt/cni/bin", "/usr/local/libexec/cni", "/usr/local/lib/cni", "/usr/libexec/cni", "/usr/lib/cni");

        /// The largest file, in bytes.
        public static final int BYTES_MAX = 1 << 20;

        public Plugins {
            folders = List.copyOf(folders);
        }
    }

    /// One family's addresses.
    ///
    /// @param gateway the bridge's own address
    /// @param range addresses are handed out from here; null: from all of the subnet
    /// @param auxiliary name → an address that no container gets
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Pool(
            Subnet subnet, InetAddress gateway, @Nullable Subnet range, Map<String, InetAddress> auxiliary) {
        /// Names of auxiliary addresses with a meaning: containers send there what is for nobody on the
        /// network.
        private static final String ROUTER = "DefaultGatewayIPv4";

        private static final String ROUTER_IPV6 = "DefaultGatewayIPv6";

        public Pool {
            auxiliary = auxiliary == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(auxiliary));
        }

        public Pool(Subnet subnet, InetAddress gateway, @Nullable Subnet range) {
            this(subnet, gateway, range, Map.of());
        }

        /// Where containers' way out leads.
        public InetAddress router() {
            return auxiliary.getOrDefault(subnet.isIpv6() ? ROUTER_IPV6 : ROUTER, gateway);
        }
    }
}
