// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.Networks;
import dev.kelp.engine.Networks.NewNetwork;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import dev.kelp.network.Bridges;
import dev.kelp.rootless.Holder;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Connects containers with networks, for as long as they run.
public final class ContainerNetworks implements AutoCloseable {
    private final Path runRoot;
    private final Holder holder;
    private final Executor threads;
    private final NetworkRecords records;
    private final NetworkCatalogue catalogue;
    private final KnownNames names = new KnownNames();
    private final PublishedPorts ports;

    /// Addresses are chosen one container after the other.
    private final ReentrantLock choosing = new ReentrantLock();

    private @Nullable Plumbing plumbing;

    /// @param threads platform threads
    public ContainerNetworks(Path runRoot, Holder holder, Database database, Executor threads) {
        this.runRoot = runRoot;
        this.holder = holder;
        this.threads = threads;
        records = new NetworkRecords(database);
        catalogue = new NetworkCatalogue(records);
        ports = new PublishedPorts(holder);
    }

    /// A container that is about to start.
    ///
    /// @param hostname what it calls itself
    /// @param imagePorts what the image says it serves, `PORT/PROTOCOL`
    public record Request(String container, String name, String hostname, Networking wanted, Set<String> imagePorts) {}

    /// What the container gets.
    ///
    /// @param namespace its network namespace, ready; the caller's
    /// @param addresses its own
    /// @param nameServers whom it asks for names
    public record Connected(Fd namespace, List<String> addresses, List<String> nameServers) {
        /// Where a program started by the holder finds the namespace, while this daemon lives.
        public String path() {
            return "/proc/" + ProcessHandle.current().pid() + "/fd/" + namespace.number();
        }
    }

    private synchronized Plumbing plumbing() {
        Plumbing present = plumbing;
        if (present == null) {
            present = Plumbing.open(runRoot, holder, names, threads);
            plumbing = present;
        }
        return present;
    }

    /// Refuses wishes that cannot come true, before a container is made for them.
    public void check(Networking wanted) {
        for (Wish wish : wishes(wanted)) {
            NetworkDefinition network = bridged(wish);
            checkAddress(network, wish.ipv4(), false);
            checkAddress(network, wish.ipv6(), true);
        }
    }

    private static void checkAddress(NetworkDefinition network, @Nullable String address, boolean ipv6) {
        if (address == null) {
            return;
        }
        Pool pool = network.pools().stream()
                .filter(p -> p.subnet().isIpv6() == ipv6)
                .findFirst()
                .orElseThrow(() -> KelpException.invalid(
                        "network " + network.name() + " has no " + (ipv6 ? "IPv6" : "IPv4") + " subnet"));
        AddressPool.wanted(pool, Subnet.parseAddress(address), List.of());
    }

    private static List<Wish> wishes(Networking wanted) {
        return wanted.wishes().isEmpty() ? List.of(Wish.of(Networks.BRIDGE)) : wanted.wishes();
    }

    private NetworkDefinition bridged(Wish wish) {
        NetworkDefinition network = catalogue.find(wish.network());
        if (!network.driver().equals("bridge")) {
            throw KelpException.invalid("network " + network.name() + " cannot be joined together with others");
        }
        return network;
    }

    /// Connects a container; one that was connected before is so anew. Nothing is left when this fails.
    public Connected connect(Request request) {
        disconnect(request.container());
        List<Wish> wishes = wishes(request.wanted());
        List<NetworkDefinition> networks = wishes.stream().map(this::bridged).toList();
        Plumbing works = plumbing();
        networks.forEach(works::ensure);
        Fd namespace = Bridges.newContainerNamespace();
        try {
            Attachment attachment = choose(request, wishes, networks);
            attachment = attachment.withPorts(ports.open(request));
            for (int i = 0; i < networks.size(); i++) {
                works.connect(
                        networks.get(i), namespace, endpoint(attachment.ends().get(i), i == 0));
            }
            names.put(attachment);
            records.keep(attachment);
            ports.forward(works.forwarder(), attachment);
            return new Connected(
                    namespace,
                    attachment.addresses().stream()
                            .map(InetAddress::getHostAddress)
                            .toList(),
                    nameServers(networks.getFirst()));
        } catch (RuntimeException e) {
            namespace.close();
            try {
                disconnect(request.container());
            } catch (RuntimeException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    private static Bridges.Endpoint endpoint(End end, boolean gateway) {
        return new Bridges.Endpoint(end.outside(), end.inside(), end.addresses(), end.mac(), gateway);
    }

    private Attachment choose(Request request, List<Wish> wishes, List<NetworkDefinition> networks) {
        choosing.lock();
        try {
            String shortId = request.container().substring(0, 12);
            Attachment attachment = new Attachment(
                    request.container(),
                    request.name(),
                    List.of(request.name(), shortId, request.hostname()),
                    List.of(),
                    List.of());
            for (int i = 0; i < networks.size(); i++) {
                attachment = attachment.withEnd(end(attachment, networks.get(i), wishes.get(i), "eth" + i));
            }
            // known from now on, so that the next one chooses others
            names.put(attachment);
            return attachment;
        } finally {
            choosing.unlock();
        }
    }

    private End end(Attachment attachment, NetworkDefinition network, Wish wish, String inside) {
        List<InetAddress> taken = names.all().stream()
                .flatMap(a -> a.ends().stream())
                .filter(e -> e.network().equals(network.id()))
                .flatMap(e -> e.addresses().stream())
                .toList();
        InetAddress ipv4 = null;
        InetAddress ipv6 = null;
        for (Pool pool : network.pools()) {
            String asked = pool.subnet().isIpv6() ? wish.ipv6() : wish.ipv4();
            InetAddress address = asked == null
                    ? AddressPool.next(pool, taken)
                    : AddressPool.wanted(pool, Subnet.parseAddress(asked), taken);
            if (pool.subnet().isIpv6()) {
                ipv6 = address;
            } else {
                ipv4 = address;
            }
        }
        String outside = "v" + attachment.container().substring(0, 10) + "-" + inside.substring(3);
        String mac = wish.mac() != null || ipv4 == null
                ? wish.mac()
                : "02:42:" + HexFormat.ofDelimiter(":").formatHex(ipv4.getAddress());
        return new End(network.id(), outside, inside, ipv4, ipv6, mac, wish.aliases());
    }

    /// A container's run is over: its names, addresses and ports are free again. Fine when it had none.
    public void disconnect(String container) {
        Optional<Attachment> known = names.of(container);
        if (known.isEmpty()) {
            return;
        }
        Plumbing works = plumbing();
        ports.close(works.forwarder(), container);
        known.get().ends().forEach(e -> works.disconnect(e.outside()));
        names.remove(container);
        records.forget(container);
    }

    /// Takes up what an earlier daemon connected. Ports whose sockets went with the holder are opened again.
    public void recover() {
        List<Attachment> all = records.attachments();
        ports.adopt();
        if (all.isEmpty()) {
            return;
        }
        Optional<Plumbing> found = Plumbing.adopt(runRoot, holder, names, threads);
        if (found.isEmpty()) {
            all.forEach(a -> records.forget(a.container()));
            return;
        }
        Plumbing works = found.get();
        synchronized (this) {
            plumbing = works;
        }
        Map<String, NetworkDefinition> networks =
                catalogue.all().stream().collect(Collectors.toMap(NetworkDefinition::id, n -> n));
        for (Attachment a : all) {
            names.put(a);
            a.ends().stream()
                    .map(e -> networks.get(e.network()))
                    .filter(n -> n != null)
                    .forEach(works::resume);
            ports.resume(works.forwarder(), a);
        }
    }

    /// Lets a running container join another network.
    ///
    /// @param namespace the container's
    void join(String container, Fd namespace, Wish wish) {
        NetworkDefinition network = bridged(wish);
        Plumbing works = plumbing();
        works.ensure(network);
        Attachment more;
        End end;
        choosing.lock();
        try {
            Attachment now = attached(container);
            if (now.ends().stream().anyMatch(e -> e.network().equals(network.id()))) {
                throw new KelpException(
                        ErrorKind.ALREADY_EXISTS, "container " + now.name() + " is on network " + network.name());
            }
            end = end(now, network, wish, freeInterface(now));
            more = now.withEnd(end);
            names.put(more);
        } finally {
            choosing.unlock();
        }
        try {
            works.connect(network, namespace, endpoint(end, more.ends().size() == 1));
            records.keep(more);
        } catch (RuntimeException e) {
            names.put(more.withoutEnd(end));
            throw e;
        }
    }

    private static String freeInterface(Attachment attachment) {
        Set<String> used = attachment.ends().stream().map(End::inside).collect(Collectors.toSet());
        for (int i = 0; ; i++) {
            if (!used.contains("eth" + i)) {
                return "eth" + i;
            }
        }
    }

    private Attachment attached(String container) {
        return names.of(container)
                .orElseThrow(() -> new KelpException(
                        ErrorKind.FAILED_PRECONDITION, "the container is on no network that others can join"));
    }

    /// Takes a running container out of a network.
    void leave(String container, String nameOrId) {
        NetworkDefinition network = catalogue.find(nameOrId);
        Attachment now = attached(container);
        End end = now.ends().stream()
                .filter(e -> e.network().equals(network.id()))
                .findFirst()
                .orElseThrow(() -> new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + " is not on network " + network.name()));
        plumbing().disconnect(end.outside());
        Attachment less = now.withoutEnd(end);
        names.put(less);
        records.keep(less);
    }

    /// A container has another name from now on, which those on its networks can ask for.
    public void rename(String container, String name) {
        names.of(container).ifPresent(a -> {
            Attachment renamed = a.renamed(name);
            names.put(renamed);
            records.keep(renamed);
        });
    }

    NetworkDefinition create(NewNetwork wanted) {
        return catalogue.create(wanted);
    }

    List<NetworkDefinition> list() {
        return catalogue.all();
    }

    NetworkDefinition find(String nameOrId) {
        return catalogue.find(nameOrId);
    }

    /// Those on a network.
    List<Attachment> members(NetworkDefinition network) {
        return names.all().stream()
                .filter(a -> a.ends().stream().anyMatch(e -> e.network().equals(network.id())))
                .toList();
    }

    void remove(String nameOrId) {
        NetworkDefinition network = catalogue.find(nameOrId);
        if (NetworkCatalogue.isFixed(network)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "network " + network.name() + " is always there");
        }
        List<Attachment> members = members(network);
        if (!members.isEmpty()) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "network " + network.name() + " has active endpoints: container "
                                    + members.getFirst().name())
                    .withHint("stop it, or `network disconnect` it");
        }
        catalogue.remove(network);
        synchronized (this) {
            if (plumbing != null) {
                plumbing.remove(network);
            }
        }
    }

    /// A running container's own addresses.
    public List<String> addresses(String container) {
        return names.of(container)
                .map(a ->
                        a.addresses().stream().map(InetAddress::getHostAddress).toList())
                .orElse(List.of());
    }

    /// Whom a running container asks for names; empty: the machine's servers.
    public List<String> nameServers(String container) {
        return names.of(container)
                .filter(a -> !a.ends().isEmpty())
                .map(a -> nameServers(catalogue.find(a.ends().getFirst().network())))
                .orElse(List.of());
    }

    private static List<String> nameServers(NetworkDefinition network) {
        return List.of(network.pools().getFirst().gateway().getHostAddress());
    }

    /// What a running container has; nothing when it does not run or shares another's network.
    public Networks.Attached of(String container) {
        Optional<Attachment> known = names.of(container);
        if (known.isEmpty()) {
            return Networks.Attached.NOTHING;
        }
        Map<String, String> byId =
                catalogue.all().stream().collect(Collectors.toMap(NetworkDefinition::id, NetworkDefinition::name));
        Map<String, Networks.Member> ends = new LinkedHashMap<>();
        known.get()
                .ends()
                .forEach(e ->
                        ends.put(byId.getOrDefault(e.network(), e.network()), EngineNetworks.member(known.get(), e)));
        return new Networks.Attached(ends, known.get().ports());
    }

    /// The machine's address as containers reach it, for `host-gateway`.
    public Optional<String> hostAddress() {
        return names.hostAddress().map(InetAddress::getHostAddress);
    }

    @Override
    public synchronized void close() {
        if (plumbing != null) {
            plumbing.close();
        }
    }
}
