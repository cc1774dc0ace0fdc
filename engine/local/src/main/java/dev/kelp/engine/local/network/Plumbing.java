// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.MadeNetworks.Made;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Mounts;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.network.BridgedWayOut;
import dev.kelp.network.Bridges;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.Firewall;
import dev.kelp.network.HostPrograms;
import dev.kelp.network.NamespaceAnchor;
import dev.kelp.network.Outbound;
import dev.kelp.network.OutboundDriver;
import dev.kelp.network.OutsideShell;
import dev.kelp.network.Slirp4netnsControl;
import dev.kelp.network.WayOut;
import dev.kelp.network.cni.CniPlugins;
import dev.kelp.network.dns.NameServer;
import dev.kelp.network.dns.Names;
import dev.kelp.network.port.PortForwarder;
import dev.kelp.rootless.Holder;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// The detached namespace and what works in it, made when the first container needs it.
///
/// The namespace is pinned by a mount below the run root: it stays for as long as the holder's mount namespace does,
/// which the monitors of running containers keep when the holder itself is killed.
final class Plumbing implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Plumbing.class.getName());
    static final String PIN = "netns";
    private static final String SLIRP_SOCKET = "slirp4netns.sock";
    private static final String OUTSIDE = "outside";

    private final DetachedNamespace detached;
    private final Bridges bridges;
    private final Firewall firewall;
    private final Optional<WayOut> outbound;
    private final PortForwarder forwarder;
    private final NameServer names;
    private final CniPlugins plugins;
    private final Executor threads;
    private final CompletableFuture<Optional<LauncherState>> state;
    private final PublishingDriver publishing;
    private final Map<String, NetworkDefinition> ready = new LinkedHashMap<>();
    private final MadeNetworks made;
    private final CompletableFuture<Void> exitsAreTold;

    /// The rules are an earlier version's.
    private boolean outdated;

    private Plumbing(Tools tools, DetachedNamespace detached) {
        this.detached = detached;
        this.threads = tools.threads();
        HostPrograms programs = new HostPrograms(tools.holder());
        bridges = new Bridges(detached);
        firewall = new Firewall(detached, programs);
        outbound = outbound(detached, programs, tools);
        forwarder = new PortForwarder(detached);
        names = new NameServer(detached, tools.known());
        plugins = new CniPlugins(programs, detached, tools.runRoot().resolve("cni"));
        made = new MadeNetworks(tools.runRoot().resolve(PIN));
        exitsAreTold = tools.holder().whenReady();
        publishing = publishing(tools);
        state = state(tools, programs);
    }

    private PublishingDriver publishing(Tools tools) {
        try {
            RootlessSettings settings = tools.settings().read();
            return switch (settings.ports()) {
                case BUILTIN -> PublishingDriver.BUILTIN;
                case NONE -> PublishingDriver.NONE;
                case IMPLICIT -> new PublishingDriver.Implicit(detached.fd());
                case SLIRP4NETNS ->
                    new PublishingDriver.Slirp4netns(
                            detached.fd(),
                            new Slirp4netnsControl(tools.runRoot().resolve(SLIRP_SOCKET)),
                            Outbound.slirp4netnsAddress(settings.options()),
                            () -> outbound.ifPresent(WayOut::ensure));
            };
        } catch (KelpException e) {
            // said where the way out is chosen
            return PublishingDriver.BUILTIN;
        }
    }

    /// Has a slirp4netns that is started in place of one that ended open the same ports.
    ///
    /// @param lead told which it is
    void leadPorts(Consumer<PublishingDriver.Slirp4netns> lead) {
        if (publishing instanceof PublishingDriver.Slirp4netns slirp
                && outbound.orElse(null) instanceof Outbound driver) {
            driver.afterStart(() -> lead.accept(slirp));
        }
    }

    private CompletableFuture<Optional<LauncherState>> state(Tools tools, HostPrograms programs) {
        try {
            Path folder = tools.settings().read().stateFolder().orElseGet(() -> LauncherState.usual(tools.runRoot()));
            if (!tools.settings().detaches()) {
                // a program is started, and a daemon that is about to be ready waits for none
                return CompletableFuture.supplyAsync(
                        () -> LauncherState.open(folder, NamespaceAnchor.start(programs, detached), Optional.empty()),
                        threads);
            }
            long holder = ProcessHandle.current()
                    .parent()
                    .orElse(ProcessHandle.current())
                    .pid();
            return CompletableFuture.completedFuture(LauncherState.open(
                    folder, holder, Optional.of(tools.runRoot().resolve(PIN))));
        } catch (KelpException e) {
            // said where the way out is chosen
            return CompletableFuture.completedFuture(Optional.empty());
        }
    }

    /// What it is made with.
    ///
    /// @param threads platform threads
    record Tools(Path runRoot, Holder holder, Names known, Executor threads, StartSettings settings) {}

    /// What an earlier daemon left, or new.
    static Plumbing open(Tools tools) {
        return adopt(tools).orElseGet(() -> new Plumbing(tools, made(tools)));
    }

    /// What an earlier daemon left; empty when its namespace is gone, and with it all that ran in it.
    static Optional<Plumbing> adopt(Tools tools) {
        return pinned(tools.runRoot().resolve(PIN)).map(found -> new Plumbing(tools, found));
    }

    /// The one that is there already.
    private static Optional<DetachedNamespace> pinned(Path pin) {
        if (!Files.exists(pin)) {
            return Optional.empty();
        }
        try {
            return Optional.of(DetachedNamespace.adopt(NetworkNamespaces.open(pin.toString())));
        } catch (ErrnoException | KelpException e) {
            // the file without its mount: left by an instance whose namespaces are gone
            LOG.log(Level.DEBUG, "no namespace is pinned", e);
            return Optional.empty();
        }
    }

    private static DetachedNamespace made(Tools tools) {
        Path pin = tools.runRoot().resolve(PIN);
        DetachedNamespace made = DetachedNamespace.create();
        try {
            if (!Files.exists(pin)) {
                Files.createFile(pin);
            }
            Mounts.mount(made.fd().procPath(), pin.toString(), "", Mounts.MS_BIND, "");
            tools.settings().keep();
            return made;
        } catch (ErrnoException e) {
            made.close();
            throw e.toKelp("pin the detached network namespace");
        } catch (IOException e) {
            made.close();
            throw new KelpException(
                    dev.kelp.model.ErrorKind.INTERNAL, "pin the detached network namespace: " + e.getMessage(), e);
        }
    }

    private static Optional<WayOut> outbound(DetachedNamespace detached, HostPrograms programs, Tools tools) {
        try {
            RootlessSettings settings = tools.settings().read();
            if (!settings.hasWayOut()) {
                return Optional.empty();
            }
            if (settings.isBridged()) {
                return Optional.of(new BridgedWayOut(detached, settings.bridge(), () -> shell(tools.holder())));
            }
            OutboundDriver driver = Outbound.driver(programs, settings.driver());
            OutboundDriver.Options options = settings.ports() == RootlessSettings.PortDriver.SLIRP4NETNS
                    ? settings.options()
                            .withSpecial(settings.options()
                                    .special()
                                    .withControl(tools.runRoot().resolve(SLIRP_SOCKET)))
                    : settings.options();
            return Optional.of(new Outbound(detached, programs, new Outbound.Choice(driver, options), tools.threads()));
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "networks have no way out: {0}", e.getMessage());
            return Optional.empty();
        }
    }

    /// The one that the holder kept outside of the namespaces when it was started for it.
    private static Optional<OutsideShell> shell(Holder holder) {
        Map<String, Fd> stored = holder.stored();
        Fd socket = stored.remove(OUTSIDE);
        stored.values().forEach(Fd::close);
        return Optional.ofNullable(socket).map(OutsideShell::new);
    }

    /// Makes a network work: its bridge, the rules, its name server, and the way out.
    synchronized void ensure(NetworkDefinition network) {
        CompletableFuture<Void> way =
                network.internal() || outbound.isEmpty() || outbound.get().isOpen()
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.runAsync(() -> open(outbound.get()), threads);
        if (network.plugins() == null && !ready.containsKey(network.id())) {
            bridges.ensure(network);
            ready.put(network.id(), network);
            try {
                applyRules();
                network.pools().stream().map(Pool::gateway).forEach(names::listen);
            } catch (KelpException e) {
                ready.remove(network.id());
                throw e;
            }
        } else if (outdated) {
            applyRules();
        }
        way.join();
    }

    private void applyRules() {
        firewall.apply(ready.values());
        outdated = false;
        made.keep(Made.of(ready.values()));
    }

    /// Takes up what earlier daemons made of networks. Where another version made it, bridges become what they
    /// would be
    /// now, those of networks that are gone go, and the rules follow as soon as programs can be run.
    synchronized void takeUp(List<NetworkDefinition> all) {
        try {
            takeUp(all, made.read());
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "take up networks: {0}", e.getMessage());
        }
    }

    private void takeUp(List<NetworkDefinition> all, Made before) {
        all.stream()
                .filter(n -> n.plugins() == null && !n.bridge().isEmpty() && bridges.exists(n))
                .forEach(n -> ready.put(n.id(), n));
        Made now = Made.of(ready.values());
        if (!before.equals(now) && !(before.equals(Made.NOTHING) && ready.isEmpty())) {
            before.bridges().stream().filter(b -> !now.bridges().contains(b)).forEach(bridges::remove);
            ready.values().forEach(bridges::ensure);
            outdated = true;
            CompletableFuture<Void> _ = exitsAreTold.thenRunAsync(this::renewRules, threads);
        }
        ready.values().stream()
                .flatMap(n -> n.pools().stream())
                .map(Pool::gateway)
                .forEach(names::listen);
    }

    private synchronized void renewRules() {
        try {
            if (outdated) {
                applyRules();
            }
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "the rules of networks are an earlier version''s: {0}", e.getMessage());
        }
    }

    /// Takes up a network that an earlier daemon made: its bridge and rules are in the namespace. Starts no program
    /// and
    /// waits for none, since exits are told only to a daemon that is ready.
    synchronized void resume(NetworkDefinition network) {
        if (network.plugins() != null) {
            outbound.ifPresent(o -> threads.execute(() -> open(o)));
            return;
        }
        ready.put(network.id(), network);
        network.pools().stream().map(Pool::gateway).forEach(names::listen);
        if (!network.internal()) {
            outbound.ifPresent(o -> threads.execute(() -> open(o)));
        }
    }

    /// A container is better off without a way out than not at all; its neighbours and ports work.
    private static void open(WayOut outbound) {
        try {
            outbound.ensure();
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "networks have no way out: {0}", e.getMessage());
        }
    }

    synchronized void remove(NetworkDefinition network) {
        if (ready.remove(network.id()) != null) {
            network.pools().stream().map(Pool::gateway).forEach(names::leave);
            bridges.remove(network.bridge());
            applyRules();
        }
    }

    void connect(NetworkDefinition network, ContainerNamespace container, Bridges.Endpoint endpoint) {
        bridges.connect(network, container, endpoint);
    }

    void disconnect(String outside) {
        bridges.disconnect(outside);
    }

    CniPlugins plugins() {
        return plugins;
    }

    /// Answers questions for names at an address; false when it is none of the detached namespace.
    boolean serves(InetAddress address) {
        try {
            names.listen(address);
            return true;
        } catch (KelpException e) {
            LOG.log(Level.DEBUG, "no name server at " + address, e);
            return false;
        }
    }

    PublishingDriver publishing() {
        return publishing;
    }

    /// Stays this object's.
    Fd namespace() {
        return detached.fd();
    }

    PortForwarder forwarder() {
        return forwarder;
    }

    /// Lets go; everything that containers use goes on, but for names and ports until the next daemon.
    @Override
    public void close() {
        names.close();
        forwarder.close();
        outbound.ifPresent(WayOut::close);
        CompletableFuture<Void> _ = state.thenAccept(made -> made.ifPresent(LauncherState::close));
        detached.close();
    }
}
