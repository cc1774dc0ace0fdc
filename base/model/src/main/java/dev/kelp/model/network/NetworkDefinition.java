// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A network as `network create` fixes it.
///
/// @param id 64 hexadecimal digits
/// @param driver `bridge`; `host` and `none` for the two that are always there
/// @param pools where its addresses come from, at most one of each family
/// @param internal no way out
/// @param mtu of its interfaces, in bytes
/// @param bridge the name of its bridge interface
/// @param createdMillis since 1970
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
        long createdMillis) {
    public static final int MTU_DEFAULT = 1500;

    public NetworkDefinition {
        pools = pools == null ? List.of() : List.copyOf(pools);
        labels = labels == null ? Map.of() : Map.copyOf(labels);
        options = options == null ? Map.of() : Map.copyOf(options);
    }

    /// One family's addresses.
    ///
    /// @param gateway the bridge's own address
    /// @param range addresses are handed out from here; null: from all of the subnet
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Pool(
            Subnet subnet, InetAddress gateway, @Nullable Subnet range) {}
}
