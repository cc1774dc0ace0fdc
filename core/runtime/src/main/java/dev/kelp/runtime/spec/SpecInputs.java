// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.IdMaps;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.network.PrivateNetwork;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What [OciSpec] joins.
///
/// @param id the container's id, 64 hexadecimal digits
/// @param image what the image says, [ImageConfig.Execution#EMPTY] without one
/// @param rootfs the mounted root file system, absolute
/// @param folder where this container's own files go (hosts, hostname, resolv.conf); exists
/// @param mounts the mounts of `spec` with volumes resolved: only types `bind` (absolute source) and `tmpfs`
/// @param joined namespaces of others to run in: `network`, `pid`, `ipc`, `uts`, `cgroup` → `/proc/PID/ns/…` or a bound
/// file; a namespace not named here is private or the host's, as `spec` says
/// @param initProgram a static init of the host, needed when `spec` asks for one
/// @param hostName the machine's name, what a container in the host's UTS namespace is called
/// @param compiledSeccomp a profile's JSON → its filter in base64 if there is one already, see `CompiledSeccomp`
/// @param addresses the container's own addresses for /etc/hosts; empty with the host's network
/// @param ids the maps of the container's own user namespace, outside being ids of the engine's; null: it has none
/// @param seccompListener where the OCI runtime sends the seccomp filter's descriptor; null: nobody is asked
public record SpecInputs(
        String id,
        ContainerSpec spec,
        ImageConfig.Execution image,
        Path rootfs,
        Path folder,
        List<MountSpec> mounts,
        Map<String, String> joined,
        Instance instance,
        CgroupAccess cgroups,
        @Nullable Path initProgram,
        String hostName,
        Function<String, Optional<String>> compiledSeccomp,
        List<String> addresses,
        @Nullable IdMaps ids,
        @Nullable Path seccompListener) {
    /// One in the engine's own user namespace.
    public SpecInputs(
            String id,
            ContainerSpec spec,
            ImageConfig.Execution image,
            Path rootfs,
            Path folder,
            List<MountSpec> mounts,
            Map<String, String> joined,
            Instance instance,
            CgroupAccess cgroups,
            @Nullable Path initProgram,
            String hostName,
            Function<String, Optional<String>> compiledSeccomp,
            List<String> addresses) {
        this(
                id,
                spec,
                image,
                rootfs,
                folder,
                mounts,
                joined,
                instance,
                cgroups,
                initProgram,
                hostName,
                compiledSeccomp,
                addresses,
                null,
                null);
    }

    public SpecInputs {
        mounts = List.copyOf(mounts);
        joined = Map.copyOf(joined);
        addresses = List.copyOf(addresses);
    }

    /// Whether the container has a user of that id.
    boolean mapsUid(long uid) {
        return ids == null ? instance.mapsUid(uid) : ids.uid(uid) >= 0;
    }

    boolean mapsGid(long gid) {
        return ids == null ? instance.mapsGid(gid) : ids.gid(gid) >= 0;
    }

    /// What the container's user is to the engine.
    int outerUid(long uid) {
        return (int) (ids == null ? uid : ids.uid(uid));
    }

    int outerGid(long gid) {
        return (int) (ids == null ? gid : ids.gid(gid));
    }

    boolean hostNetwork() {
        return !joined.containsKey("network") && "host".equals(spec.isolation().network());
    }

    /// Whether its network namespace is there for this container alone: one that the runtime makes, or that the
    /// engine
    /// made for it (`bridge`, or one with a driver of its own). The engine's belongs to the engine's user
    /// namespace, so to a container with another
    /// one
    /// it is as foreign as somebody else's.
    boolean ownNetwork() {
        String network = spec.isolation().network();
        boolean made = ids == null && network != null && (network.equals("bridge") || PrivateNetwork.isOne(network));
        return made || (!hostNetwork() && !joined.containsKey("network"));
    }

    boolean host(@Nullable String mode, String namespace) {
        return !joined.containsKey(namespace) && "host".equals(mode);
    }

    String hostname() {
        String asked = spec.isolation().hostname();
        if (asked != null && !asked.isEmpty()) {
            return asked;
        }
        boolean shared = host(spec.isolation().uts(), "uts") || hostNetwork();
        return shared ? hostName : id.substring(0, Math.min(12, id.length()));
    }
}
