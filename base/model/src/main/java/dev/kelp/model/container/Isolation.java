// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.network.Networking;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Namespaces and what belongs to them.
///
/// @param network `host`, `none` (the modes of today), later `bridge`, a network's name, `container:ID`,
///     `ns:PATH`
/// @param pid `private` or `host` (or `container:ID`); the same for ipc, uts, cgroupns; null: private
/// @param hostname null: the short id (the machine's name with `uts` host)
/// @param extraHosts `name:address`, for /etc/hosts
/// @param sysctls kernel parameters of the container's own namespaces
/// @param user a user namespace of its own; null: that of the engine
/// @param networking networks and published ports; null: the default ones
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Isolation(
        @Nullable String network,
        @Nullable String pid,
        @Nullable String ipc,
        @Nullable String uts,
        @Nullable String cgroupns,
        @Nullable String hostname,
        @Nullable String domainname,
        List<String> extraHosts,
        List<String> dns,
        List<String> dnsSearch,
        List<String> dnsOptions,
        Map<String, String> sysctls,
        @Nullable UserNamespace user,
        @Nullable Networking networking) {
    public static final Isolation DEFAULT = new Isolation(
            null, null, null, null, null, null, null, List.of(), List.of(), List.of(), List.of(), Map.of(), null, null);

    /// One in the engine's own user namespace.
    public Isolation(
            @Nullable String network,
            @Nullable String pid,
            @Nullable String ipc,
            @Nullable String uts,
            @Nullable String cgroupns,
            @Nullable String hostname,
            @Nullable String domainname,
            List<String> extraHosts,
            List<String> dns,
            List<String> dnsSearch,
            List<String> dnsOptions,
            Map<String, String> sysctls) {
        this(
                network,
                pid,
                ipc,
                uts,
                cgroupns,
                hostname,
                domainname,
                extraHosts,
                dns,
                dnsSearch,
                dnsOptions,
                sysctls,
                null,
                null);
    }

    public Isolation {
        extraHosts = extraHosts == null ? List.of() : List.copyOf(extraHosts);
        dns = dns == null ? List.of() : List.copyOf(dns);
        dnsSearch = dnsSearch == null ? List.of() : List.copyOf(dnsSearch);
        dnsOptions = dnsOptions == null ? List.of() : List.copyOf(dnsOptions);
        sysctls = sysctls == null ? Map.of() : Map.copyOf(sysctls);
    }

    public Isolation withUser(@Nullable UserNamespace namespace) {
        return new Isolation(
                network,
                pid,
                ipc,
                uts,
                cgroupns,
                hostname,
                domainname,
                extraHosts,
                dns,
                dnsSearch,
                dnsOptions,
                sysctls,
                namespace,
                networking);
    }

    public Isolation withNetwork(String mode) {
        return new Isolation(
                mode,
                pid,
                ipc,
                uts,
                cgroupns,
                hostname,
                domainname,
                extraHosts,
                dns,
                dnsSearch,
                dnsOptions,
                sysctls,
                user,
                networking);
    }

    public Isolation withNames(List<String> hosts, List<String> nameServers) {
        return new Isolation(
                network,
                pid,
                ipc,
                uts,
                cgroupns,
                hostname,
                domainname,
                hosts,
                nameServers,
                dnsSearch,
                dnsOptions,
                sysctls,
                user,
                networking);
    }

    public Isolation withShared(@Nullable String newPid, @Nullable String newIpc, @Nullable String newUts) {
        return new Isolation(
                network,
                newPid,
                newIpc,
                newUts,
                cgroupns,
                hostname,
                domainname,
                extraHosts,
                dns,
                dnsSearch,
                dnsOptions,
                sysctls,
                user,
                networking);
    }

    public Isolation withNetworking(@Nullable Networking wanted) {
        return new Isolation(
                network,
                pid,
                ipc,
                uts,
                cgroupns,
                hostname,
                domainname,
                extraHosts,
                dns,
                dnsSearch,
                dnsOptions,
                sysctls,
                user,
                wanted);
    }
}
