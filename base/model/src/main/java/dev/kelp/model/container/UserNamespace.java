// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A container's own user namespace, as asked for.
///
/// @param mode `keep-id[:uid=N,gid=N]`, `auto[:size=N,…]`, `nomap`, or null when only maps are given
/// @param uidMaps `CONTAINER:FROM[:COUNT]` as in podman-run(1): FROM is an id of the engine's namespace,
/// `@FROM`
///     one of the host
/// @param gidMaps the same for groups; empty: as `uidMaps`
/// @param subUidName the user whose range in /etc/subuid is the map
/// @param subGidName the user or group whose range in /etc/subgid is the map
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record UserNamespace(
        @Nullable String mode,
        List<String> uidMaps,
        List<String> gidMaps,
        @Nullable String subUidName,
        @Nullable String subGidName) {
    public UserNamespace {
        uidMaps = uidMaps == null ? List.of() : List.copyOf(uidMaps);
        gidMaps = gidMaps == null ? List.of() : List.copyOf(gidMaps);
    }
}
