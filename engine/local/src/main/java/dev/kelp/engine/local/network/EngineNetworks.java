// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.Networks;
import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.ContainerNamespace;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The engine's networks as one namespace of containers sees them.
public final class EngineNetworks implements Networks {
    private final ContainerNetworks networks;
    private final Function<String, Running> containers;
    private final Listener listener;

    /// A container that runs.
    public record Running(String id, int pid) {}

    /// Is told of networks.
    public interface Listener {
        /// @param action `create` or `destroy`, or with a container's id `connect` or `disconnect`
        void happened(String action, NetworkDefinition network, @Nullable String container);
    }

    /// @param containers finds a running container by name, id or prefix, or throws
    public EngineNetworks(ContainerNetworks networks, Function<String, Running> containers, Listener listener) {
        this.networks = networks;
        this.containers = containers;
        this.listener = listener;
    }

    @Override
    public NetworkDefinition create(NewNetwork network) {
        NetworkDefinition made = networks.catalogue.create(network);
        listener.happened("create", made, null);
        return made;
    }

    @Override
    public List<String> adopt(String folder, List<NetworkDefinition.Plugins> found) {
        return networks.adopt(folder, found);
    }

    @Override
    public List<NetworkDefinition> list() {
        return networks.catalogue.all();
    }

    @Override
    public NetworkDetail inspect(String network) {
        NetworkDefinition found = networks.catalogue.find(network);
        List<Member> members = networks.members(found).stream()
                .flatMap(a -> a.ends().stream()
                        .filter(e -> e.network().equals(found.id()))
                        .map(e -> member(a, e)))
                .toList();
        return new NetworkDetail(found, members);
    }

    @Override
    public void remove(String network) {
        NetworkDefinition found = networks.catalogue.find(network);
        networks.remove(network);
        listener.happened("destroy", found, null);
    }

    @Override
    public void connect(String network, String container, Wish wish) {
        Running running = containers.apply(container);
        try (ContainerNamespace namespace = ContainerNamespace.of(NetworkNamespaces.ofProcess(running.pid()))) {
            networks.join(running.id(), namespace, wish.on(network));
            listener.happened("connect", networks.catalogue.find(network), running.id());
        } catch (ErrnoException e) {
            throw e.toKelp("connect container " + container);
        }
    }

    @Override
    public void disconnect(String network, String container) {
        Running running = containers.apply(container);
        networks.leave(running.id(), network, "/proc/" + running.pid() + "/ns/net");
        listener.happened("disconnect", networks.catalogue.find(network), running.id());
    }

    static Member member(Attachment attachment, End end) {
        return new Member(
                attachment.container(), attachment.name(), end.inside(), text(end.ipv4()), text(end.ipv6()), end.mac());
    }

    private static @Nullable String text(@Nullable InetAddress address) {
        return address == null ? null : Subnet.text(address);
    }
}
