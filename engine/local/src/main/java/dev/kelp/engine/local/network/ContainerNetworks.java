// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.Networks;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.engine.local.network.PreparedNamespaces.Prepared;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.Firewall;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.Instance;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Connects containers with networks, for as long as they run.
public final class ContainerNetworks implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ContainerNetworks.class.getName());

    private final StartSettings settings;
    private final Plumbing.Tools tools;
    private final Executor threads;
    final NetworkRecords records;
    final NetworkCatalogue catalogue;
    private final WantedNetworks wantedNetworks;
    final KnownNames names = new KnownNames();
    final PublishedPorts ports;
    private final SharedNamespace shared;

    /// Addresses are chosen one container after the other.
    private final ReentrantLock choosing = new ReentrantLock();

    /// Addresses of namespaces that are prepared, or about to be.
    private final Set<InetAddress> promised = ConcurrentHashMap.newKeySet();

    /// What stopped containers had.
    private final Map<String, Attachment> remembered = new ConcurrentHashMap<>();

    private final Departures departures;
    private final Unplugging unplugging;
    private final PreparedNamespaces prepared;

    private @Nullable Plumbing plumbing;

    /// @param threads platform threads
    public ContainerNetworks(Instance instance, Holder holder, Database database, Executor threads) {
        this.threads = threads;
        Path pin = instance.runRoot().resolve(Plumbing.PIN);
        settings = new StartSettings(instance.launcher(), pin);
        tools = new Plumbing.Tools(instance.runRoot(), holder, names, threads, settings);
        records = new NetworkRecords(database);
        catalogue = new NetworkCatalogue(records, settings::mtu);
        wantedNetworks = new WantedNetworks(catalogue);
        ports = new PublishedPorts(holder, () -> plumbing().publishing());
        shared = new SharedNamespace(settings, pin, this::plumbing, () -> catalogue.find(Networks.BRIDGE), threads);
        departures = new Departures(threads);
        unplugging = new Unplugging(holder, threads);
        prepared = new PreparedNamespaces(threads, this::prepare);
    }

    /// A container that is about to start.
    ///
    /// @param hostname what it calls itself
    /// @param imagePorts what the image says it serves, `PORT/PROTOCOL`
    /// @param servers name servers of its own
    public record Request(
            String container,
            String name,
            String hostname,
            Networking wanted,
            Set<String> imagePorts,
            List<String> servers) {}

    private synchronized Plumbing plumbing() {
        Plumbing present = plumbing;
        if (present == null) {
            present = took(Plumbing.open(tools));
        }
        return present;
    }

    private Plumbing took(Plumbing opened) {
        opened.leadPorts(slirp -> ports.lead(slirp, names.all()));
        opened.takeUp(catalogue.all());
        plumbing = opened;
        return opened;
    }

    /// What `--network=host` and the daemon's own connections are on.
    public SharedNamespace shared() {
        return shared;
    }

    /// Refuses wishes that cannot come true, before a container is made for them. What they need is set up
    /// meanwhile.
    ///
    /// @return what will not work on this machine, a sentence each
    public List<String> check(Networking wanted) {
        List<NetworkDefinition> networks = wantedNetworks.checked(wanted);
        Firewall.requireInstalled();
        if (networks.stream().allMatch(NetworkDefinition::internal)) {
            return List.of();
        }
        threads.execute(() -> setUp(networks));
        return settings.shortfalls(wanted);
    }

    /// A head start; who needs them waits for them, and learns why they fail.
    private void setUp(List<NetworkDefinition> networks) {
        try {
            networks.forEach(plumbing()::ensure);
        } catch (KelpException e) {
            LOG.log(Level.DEBUG, "set up networks ahead", e);
        }
    }

    /// Connects a container; one that was connected before is so anew. Nothing is left when this fails; when what
    /// [Connected#wired] stands for fails, [#disconnect] leaves nothing.
    public Connected connect(Request request) {
        disconnect(request.container(), true);
        unplugging.await(request.container());
        var wishes = WantedNetworks.wishes(request.wanted());
        var networks = wishes.stream().map(wantedNetworks::joinable).toList();
        Plumbing works = plumbing();
        Optional<ContainerNamespace> made = Optional.empty();
        try {
            Chosen chosen = choose(request, wishes, networks);
            made = chosen.prepared().map(Prepared::namespace);
            boolean first = made.isEmpty();
            Attachment opened = chosen.attachment().withPorts(ports.open(request, names.all()));
            names.put(opened);
            ContainerNamespace namespace = made.orElseGet(ContainerNamespace::create);
            made = Optional.of(namespace);
            Attachment attachment = plugged(opened, wishes, networks, namespace);
            CompletableFuture<Void> wired = CompletableFuture.runAsync(
                    () -> {
                        networks.forEach(works::ensure);
                        wire(networks, namespace, attachment, first ? 0 : 1);
                        records.keep(attachment);
                        ports.forward(works.forwarder(), attachment);
                    },
                    threads);
            return new Connected(
                    namespace,
                    attachment.addresses().stream()
                            .map(InetAddress::getHostAddress)
                            .toList(),
                    attachment.ends().getFirst().nameServers(networks.getFirst()),
                    Optional.empty(),
                    wired);
        } catch (RuntimeException e) {
            made.ifPresent(ContainerNamespace::close);
            try {
                disconnect(request.container(), true);
            } catch (RuntimeException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    /// Runs the plugins of those networks that have some. What they made is kept at once: only they can undo it.
    private Attachment plugged(
            Attachment attachment, List<Wish> wishes, List<NetworkDefinition> networks, ContainerNamespace namespace) {
        Attachment now = attachment;
        for (int i = 0; i < networks.size(); i++) {
            NetworkDefinition network = networks.get(i);
            if (network.plugins() != null) {
                plumbing().ensure(network);
                now = now.withEndAt(
                        i,
                        PluggedEnds.add(plumbing(), network, new PluggedEnds.Wanted(now, i, wishes.get(i)), namespace));
                names.put(now);
                records.keep(now);
            }
        }
        return now;
    }

    /// @param done how many ends are connected already
    private void wire(List<NetworkDefinition> networks, ContainerNamespace namespace, Attachment attachment, int done) {
        Plumbing works = plumbing();
        for (int i = done; i < networks.size(); i++) {
            End end = attachment.ends().get(i);
            if (end.plugged() != null) {
                continue;
            }
            end.addresses().forEach(a -> departures.awaitLeft(a, works::disconnect));
            works.connect(networks.get(i), namespace, end.endpoint(i == 0));
        }
    }

    /// @param prepared the namespace in which the first end is connected already
    private record Chosen(Attachment attachment, Optional<Prepared> prepared) {}

    private Chosen choose(Request request, List<Wish> wishes, List<NetworkDefinition> networks) {
        choosing.lock();
        try {
            String shortId = request.container().substring(0, 12);
            Attachment attachment = new Attachment(
                            request.container(),
                            request.name(),
                            List.of(request.name(), shortId, request.hostname()),
                            List.of(),
                            List.of())
                    .withServers(
                            request.servers().stream().map(Subnet::parseAddress).toList());
            Optional<Attachment> before = Optional.ofNullable(remembered.get(request.container()));
            // the others first: they may be refused
            List<End> others = new ArrayList<>();
            for (int i = 1; i < networks.size(); i++) {
                others.add(end(networks.get(i), again(wishes.get(i), networks.get(i), before), "eth" + i));
            }
            Wish wish = again(wishes.getFirst(), networks.getFirst(), before);
            Optional<Prepared> ready =
                    WantedNetworks.isPlain(wish, networks.getFirst()) ? prepared.take() : Optional.empty();
            End first = ready.isPresent()
                    ? ready.get().end().withAliases(wish.aliases())
                    : end(networks.getFirst(), wish, "eth0");
            attachment = attachment.withEnd(first);
            for (End other : others) {
                attachment = attachment.withEnd(other);
            }
            // known from now on, so that the next one chooses others
            names.put(attachment);
            remembered.remove(request.container());
            promised.removeAll(first.addresses());
            return new Chosen(attachment, ready);
        } finally {
            choosing.unlock();
        }
    }

    /// The wish with the addresses that the container had at that network when it ran before, unless they are gone.
    private Wish again(Wish wish, NetworkDefinition network, Optional<Attachment> before) {
        Optional<End> old = before.flatMap(a -> a.at(network.id()));
        if (old.isEmpty()) {
            return wish;
        }
        return new Wish(
                wish.network(),
                wish.aliases(),
                wish.ipv4() != null ? wish.ipv4() : again(network, old.get().ipv4()),
                wish.ipv6() != null ? wish.ipv6() : again(network, old.get().ipv6()),
                wish.mac(),
                wish.linkLocal());
    }

    private @Nullable String again(NetworkDefinition network, @Nullable InetAddress address) {
        if (address == null || names.isContainer(address) || promised.contains(address)) {
            return null;
        }
        return network.pools().stream().anyMatch(p -> p.subnet().contains(address)) ? address.getHostAddress() : null;
    }

    private End end(NetworkDefinition network, Wish wish, String inside) {
        if (network.plugins() != null) {
            return PluggedEnds.unplugged(network, inside, wish.aliases());
        }
        List<InetAddress> used = names.all().stream()
                .flatMap(a -> a.ends().stream())
                .filter(e -> e.network().equals(network.id()))
                .flatMap(e -> e.addresses().stream())
                .toList();
        List<InetAddress> spoken = new ArrayList<>(used);
        spoken.addAll(promised);
        spoken.addAll(departures.addresses());
        InetAddress ipv4 = null;
        InetAddress ipv6 = null;
        for (Pool pool : network.pools()) {
            String asked = pool.subnet().isIpv6() ? wish.ipv6() : wish.ipv4();
            InetAddress address = asked == null ? next(pool, spoken) : wanted(pool, Subnet.parseAddress(asked), used);
            if (pool.subnet().isIpv6()) {
                ipv6 = address;
            } else {
                ipv4 = address;
            }
        }
        String outside =
                "veth" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
        return new End(network.id(), outside, inside, ipv4, ipv6, wish.mac(), wish.aliases())
                .withLinkLocal(wish.linkLocal())
                .withMac();
    }

    /// A free address; one that a stopped container will ask for only when there is no other.
    private InetAddress next(Pool pool, List<InetAddress> spoken) {
        List<InetAddress> avoided = new ArrayList<>(spoken);
        remembered.values().forEach(a -> avoided.addAll(a.addresses()));
        try {
            return AddressPool.next(
                    pool, avoided.stream().filter(pool.subnet()::contains).toList());
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.RESOURCE_EXHAUSTED) {
                throw e;
            }
            return AddressPool.next(
                    pool, spoken.stream().filter(pool.subnet()::contains).toList());
        }
    }

    private InetAddress wanted(Pool pool, InetAddress address, List<InetAddress> used) {
        InetAddress free = AddressPool.wanted(pool, address, used);
        if (promised.contains(free)) {
            prepared.takeWith(free).ifPresent(p -> {
                p.namespace().close();
                departures.add(List.of(p.end()), plumbing()::disconnect);
            });
            promised.remove(free);
        }
        return free;
    }

    /// Connects a namespace with the default network for whoever comes next.
    private Prepared prepare() {
        NetworkDefinition network = catalogue.find(Networks.BRIDGE);
        End end;
        choosing.lock();
        try {
            end = end(network, Wish.of(Networks.BRIDGE), "eth0");
            promised.addAll(end.addresses());
        } finally {
            choosing.unlock();
        }
        ContainerNamespace namespace = null;
        try {
            Plumbing works = plumbing();
            works.ensure(network);
            namespace = ContainerNamespace.create();
            works.connect(network, namespace, end.endpoint(true));
            return new Prepared(namespace, end);
        } catch (RuntimeException e) {
            promised.removeAll(end.addresses());
            if (namespace != null) {
                namespace.close();
            }
            throw e;
        }
    }

    /// A container's run is over: its names, addresses and ports are free again. Fine when it had none.
    ///
    /// @param comesBack whether it may run again: its addresses are kept for it
    public void disconnect(String container, boolean comesBack) {
        Optional<Attachment> known = names.of(container);
        if (known.isEmpty()) {
            return;
        }
        Plumbing works = plumbing();
        ports.close(works.forwarder(), known.get());
        departures.add(
                known.get().ends().stream().filter(e -> !e.outside().isEmpty()).toList(), works::disconnect);
        unplugging.run(works, known.get());
        names.remove(container);
        if (comesBack) {
            Attachment ended = known.get().ended(System.currentTimeMillis());
            remembered.put(container, ended);
            records.keep(ended);
        } else {
            records.forget(container);
        }
    }

    /// A container is removed: others may have its addresses.
    public void forget(String container) {
        if (remembered.remove(container) != null) {
            records.forget(container);
        }
    }

    /// Takes up what an earlier daemon connected. Ports whose sockets went with the holder are opened again.
    public void recover() {
        List<Attachment> all = new ArrayList<>();
        for (Attachment a : records.attachments()) {
            if (a.endedMillis() == null) {
                all.add(a);
            } else {
                remembered.put(a.container(), a);
            }
        }
        ports.adopt();
        // containers of the host's network are on no list, and need names and a way out all the same
        boolean shares = shared.isKnownToBeOn();
        if (all.isEmpty() && !shares) {
            return;
        }
        Optional<Plumbing> found = Plumbing.adopt(tools);
        if (found.isEmpty()) {
            // those without an end have a network for themselves
            all.stream().filter(a -> !a.ends().isEmpty()).forEach(a -> records.forget(a.container()));
            shared.begin();
            return;
        }
        Plumbing works;
        synchronized (this) {
            works = took(found.get());
        }
        // the ports of all before the first network: a way out that starts meanwhile leads those that are open
        for (Attachment a : all) {
            names.put(a);
            if (!a.ends().isEmpty()) {
                ports.resume(works.forwarder(), a);
            }
        }
        if (shares) {
            works.resume(catalogue.find(Networks.BRIDGE));
        }
        Map<String, NetworkDefinition> networks =
                catalogue.all().stream().collect(Collectors.toMap(NetworkDefinition::id, n -> n));
        for (Attachment a : all) {
            a.ends().stream()
                    .map(e -> networks.get(e.network()))
                    .filter(n -> n != null)
                    .forEach(works::resume);
            a.ends().stream()
                    .map(End::plugged)
                    .filter(p -> p != null)
                    .forEach(p -> p.servers().forEach(works::serves));
        }
    }

    /// Lets a running container join another network.
    ///
    /// @param namespace the container's
    void join(String container, ContainerNamespace namespace, Wish wish) {
        NetworkDefinition network = wantedNetworks.joinable(wish);
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
            end = end(network, wish, now.freeInterface());
            more = now.withEnd(end);
            names.put(more);
        } finally {
            choosing.unlock();
        }
        try {
            if (network.plugins() == null) {
                end.addresses().forEach(a -> departures.awaitLeft(a, works::disconnect));
                works.connect(network, namespace, end.endpoint(more.ends().size() == 1));
            } else {
                int last = more.ends().size() - 1;
                PluggedEnds.Wanted asked = new PluggedEnds.Wanted(more, last, wish);
                more = more.withEndAt(last, PluggedEnds.add(works, network, asked, namespace));
                names.put(more);
            }
            records.keep(more);
        } catch (RuntimeException e) {
            names.put(more.withoutEnd(end));
            throw e;
        }
    }

    private Attachment attached(String container) {
        return names.of(container)
                .orElseThrow(() -> new KelpException(
                        ErrorKind.FAILED_PRECONDITION, "the container is on no network that others can join"));
    }

    /// Takes a running container out of a network.
    ///
    /// @param namespace a path of the container's
    void leave(String container, String nameOrId, String namespace) {
        NetworkDefinition network = catalogue.find(nameOrId);
        Attachment now = attached(container);
        End end = now.ends().stream()
                .filter(e -> e.network().equals(network.id()))
                .findFirst()
                .orElseThrow(() -> new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + " is not on network " + network.name()));
        if (end.plugged() == null) {
            plumbing().disconnect(end.outside());
        } else {
            PluggedEnds.delete(plumbing(), now, end, namespace);
        }
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

    /// As [Networks#adopt].
    List<String> adopt(String folder, List<NetworkDefinition.Plugins> found) {
        return catalogue.adopt(folder, found, n -> !members(n).isEmpty());
    }

    /// Those on a network.
    List<Attachment> members(NetworkDefinition network) {
        return names.all().stream()
                .filter(a -> a.ends().stream().anyMatch(e -> e.network().equals(network.id())))
                .toList();
    }

    void remove(String nameOrId) {
        NetworkDefinition network = catalogue.removable(nameOrId);
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

    /// The networks a running container is on; `mode` is `host` or `none` when it is on no other.
    public List<NetworkDefinition> networksOf(String container, String mode) {
        return catalogue.of(mode, names.of(container));
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
                .map(a -> a.ends().getFirst())
                .map(e -> e.nameServers(catalogue.find(e.network())))
                .orElse(List.of());
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
        prepared.close();
        if (plumbing != null) {
            plumbing.close();
        }
    }
}
