// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.engine.local.network.Attachment.Plugged;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Plugins;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.cni.CniPlugins;
import dev.kelp.network.cni.CniResult;
import dev.kelp.network.cni.NetworkList;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Ends at networks that plugins make.
final class PluggedEnds {
    private PluggedEnds() {}

    /// An end before its plugins ran: they choose the addresses.
    static End unplugged(NetworkDefinition network, String inside, List<String> aliases) {
        return new End(network.id(), "", inside, null, null, null, aliases);
    }

    /// Runs the network's plugins.
    ///
    /// @param namespace the container's
    /// @return the end with what they made
    static End add(Plumbing works, NetworkDefinition network, Wanted wanted, ContainerNamespace namespace) {
        Plugins plugins = Objects.requireNonNull(network.plugins());
        NetworkList list = list(plugins);
        End end = wanted.attachment().ends().get(wanted.index());
        CniResult result = works.plugins()
                .add(
                        list,
                        plugins.folders(),
                        new CniPlugins.Target(
                                wanted.attachment().container(),
                                Connected.path(namespace),
                                end.inside(),
                                wanted.attachment().ports(),
                                wanted.wish().ipv4(),
                                wanted.wish().mac()));
        List<InetAddress> servers = servers(works, result);
        return new End(
                end.network(),
                "",
                end.inside(),
                first(result, a -> a instanceof Inet4Address),
                first(result, a -> !(a instanceof Inet4Address)),
                result.mac().orElse(wanted.wish().mac()),
                end.aliases(),
                List.of(),
                new Plugged(plugins, result.json(), servers));
    }

    /// @param index of the end in the attachment
    /// @param wish what the user wants of it
    record Wanted(Attachment attachment, int index, Wish wish) {}

    private static @Nullable InetAddress first(CniResult result, Predicate<InetAddress> family) {
        return result.addresses().stream()
                .map(CniResult.Address::address)
                .filter(family)
                .findFirst()
                .orElse(null);
    }

    /// The network's own, else Kelp's where the network's gateway is one of the detached namespace's addresses.
    private static List<InetAddress> servers(Plumbing works, CniResult result) {
        if (!result.nameServers().isEmpty()) {
            return result.nameServers().stream().map(Subnet::parseAddress).toList();
        }
        return result.addresses().stream()
                .map(CniResult.Address::gateway)
                .filter(Objects::nonNull)
                .filter(works::serves)
                .toList();
    }

    /// Takes an end away; what fails is logged.
    ///
    /// @param namespace a path of the container's; empty: it is gone
    static void delete(Plumbing works, Attachment attachment, End end, String namespace) {
        Plugged plugged = end.plugged();
        if (plugged == null) {
            return;
        }
        works.plugins()
                .delete(
                        list(plugged.plugins()),
                        plugged.plugins().folders(),
                        new CniPlugins.Target(
                                attachment.container(), namespace, end.inside(), attachment.ports(), null, end.mac()),
                        plugged.result());
    }

    private static NetworkList list(Plugins plugins) {
        return NetworkList.parse(plugins.file(), plugins.list().getBytes(StandardCharsets.UTF_8));
    }
}
