// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.ContainerNetworks.Request;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Poll;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.PrivateNetwork;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.HostPrograms;
import dev.kelp.network.Outbound;
import dev.kelp.network.OutboundDriver;
import dev.kelp.network.Slirp4netnsControl;
import dev.kelp.network.port.PortForwarder;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.Instance;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/// Containers that have a network for themselves ([PrivateNetwork]): a namespace with a driver of its own.
///
/// The driver is the holder's child and outlives the daemon. The holder keeps the namespace, and a descriptor of the
/// process by which it is ended with the container, be it by a later daemon.
public final class PrivateNetworks implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(PrivateNetworks.class.getName());
    private static final String PREFIX = "private-network/";
    private static final String PROCESS = "/process";
    private static final String NAMESPACE = "/namespace";

    /// Where pasta answers for the host's name servers, which may be out of a container's reach.
    private static final String PASTA_NAMES = "169.254.1.1";

    private static final int SHORT_ID_CHARS = 12;
    private static final long KILLED_MILLIS_MAX = 2000;

    private final ContainerNetworks networks;
    private final Holder holder;
    private final Executor threads;
    private final Path runRoot;
    private final Map<String, Private> running = new ConcurrentHashMap<>();
    private final Map<String, Fd> processes = new ConcurrentHashMap<>();

    /// @param threads platform threads
    public PrivateNetworks(ContainerNetworks networks, Instance instance, Holder holder, Executor threads) {
        this.networks = networks;
        this.holder = holder;
        this.threads = threads;
        this.runRoot = instance.runRoot();
    }

    /// What a running container has.
    ///
    /// @param forwarder for ports that the driver does not open itself
    private record Private(
            DetachedNamespace namespace,
            OutboundDriver.Options options,
            Outbound outbound,
            Optional<PortForwarder> forwarder) {
        void close() {
            outbound.close();
            forwarder.ifPresent(PortForwarder::close);
            namespace.close();
        }
    }

    /// @throws KelpException NOT_FOUND when the driver is not installed
    public static void requireInstalled(PrivateNetwork network) {
        if (!OutboundDriver.isInstalled(network.driver())) {
            throw new KelpException(ErrorKind.NOT_FOUND, network.driver() + " is not installed")
                    .withHint("apt-get install " + (network.driver().equals("pasta") ? "passt" : network.driver()));
        }
    }

    /// Connects a container that is about to start. Returns when its driver works; nothing is left when it does
    /// not.
    public Connected connect(Request request, PrivateNetwork wanted) {
        String container = request.container();
        disconnect(container);
        ContainerNamespace namespace = ContainerNamespace.create();
        try {
            PublishingDriver publishing =
                    wanted.driverPublishes() ? PublishingDriver.ELSEWHERE : PublishingDriver.BUILTIN;
            List<PortMapping> ports = networks.ports.open(request, networks.names.all(), publishing);
            Attachment attachment =
                    new Attachment(container, request.name(), List.of(request.name()), List.of(), ports);
            networks.names.put(attachment);
            Private made = open(attachment, copy(namespace.fd()), wanted, hostDevice(wanted));
            running.put(container, made);
            holder.store(PREFIX + container + NAMESPACE, namespace.fd());
            made.outbound().ensure();
            OutboundDriver.Running driver = made.outbound().started().orElseThrow();
            if (controls(made)) {
                lead(made, ports);
                made.outbound().afterStart(() -> lead(made, ports));
            }
            forward(made, attachment, driver.address());
            networks.records.keep(attachment);
            List<String> servers = driver.nameServers().stream()
                    .map(InetAddress::getHostAddress)
                    .toList();
            return new Connected(
                    namespace,
                    List.of(driver.address().getHostAddress()),
                    request.servers().isEmpty() ? servers : request.servers(),
                    host(wanted, driver),
                    CompletableFuture.completedFuture(null));
        } catch (RuntimeException e) {
            namespace.close();
            disconnect(container);
            throw e;
        }
    }

    /// @param namespace becomes the result's
    /// @param device what the container's interface is called
    private Private open(Attachment attachment, Fd namespace, PrivateNetwork wanted, String device) {
        DetachedNamespace inside = DetachedNamespace.adopt(namespace);
        try {
            HostPrograms programs = new HostPrograms(holder);
            boolean pasta = wanted.driver().equals(PrivateNetwork.PASTA);
            boolean controlled =
                    !pasta && wanted.driverPublishes() && !attachment.ports().isEmpty();
            var options = new OutboundDriver.Options(
                    wanted.mtu(),
                    wanted.ipv6(),
                    wanted.hostLoopback(),
                    wanted.cidr(),
                    !pasta,
                    new OutboundDriver.Special(
                            Optional.empty(),
                            device,
                            !pasta,
                            controlled ? Optional.of(control(attachment.container())) : Optional.empty(),
                            false,
                            PREFIX + attachment.container(),
                            pasta ? pastaArguments(wanted, attachment.ports()) : wanted.arguments()));
            var choice = new Outbound.Choice(Outbound.driver(programs, Optional.of(wanted.driver())), options);
            Outbound outbound = new Outbound(inside, programs, choice, threads);
            outbound.keep(pidfd -> keep(attachment.container(), pidfd));
            boolean forwards = !wanted.driverPublishes() && !attachment.ports().isEmpty();
            return new Private(
                    inside, options, outbound, forwards ? Optional.of(new PortForwarder(inside)) : Optional.empty());
        } catch (RuntimeException e) {
            inside.close();
            throw e;
        }
    }

    /// The machine as it is reached from inside; empty where nothing leads there: pasta's container has the
    /// machine's own address.
    private static Optional<String> host(PrivateNetwork wanted, OutboundDriver.Running driver) {
        if (!wanted.driver().equals(PrivateNetwork.PASTA)) {
            return (wanted.hostLoopback() ? Optional.of(driver.gateway()) : HostAddresses.ipv4())
                    .map(InetAddress::getHostAddress);
        }
        List<String> words = wanted.arguments();
        Optional<String> mapped = value(words, "--map-guest-addr", "--map-guest-addr")
                .or(() -> value(words, "--map-host-loopback", "--map-host-loopback"));
        if (mapped.isPresent() || !wanted.hostLoopback()) {
            return mapped.filter(address -> !address.equals("none"))
                    .or(() -> HostAddresses.ipv4Besides(driver.address()).map(InetAddress::getHostAddress));
        }
        return value(words, "-g", "--gateway").or(HostAddresses::outwardGateway);
    }

    private Path control(String container) {
        return runRoot.resolve("slirp4netns-" + container.substring(0, SHORT_ID_CHARS) + ".sock");
    }

    private static List<String> pastaArguments(PrivateNetwork wanted, List<PortMapping> ports) {
        List<String> all = new ArrayList<>(wanted.arguments());
        if (!all.contains("--dns-forward")) {
            all.addAll(List.of("--dns-forward", PASTA_NAMES));
        }
        for (PortMapping m : ports) {
            String host = m.hostAddress().isEmpty() ? "" : m.hostAddress() + "/";
            all.addAll(List.of(
                    m.protocol().equals("udp") ? "-u" : "-t",
                    host + range(m.hostPort(), m.count()) + ":" + range(m.containerPort(), m.count())));
        }
        return all;
    }

    private static String range(int first, int count) {
        return count == 1 ? Integer.toString(first) : first + "-" + (first + count - 1);
    }

    /// pasta gives the interface its name on the host, unless it is told another.
    private static String hostDevice(PrivateNetwork wanted) {
        if (!wanted.driver().equals(PrivateNetwork.PASTA)) {
            return OutboundDriver.DEVICE;
        }
        return value(wanted.arguments(), "-I", "--ns-ifname")
                .or(HostAddresses::outwardInterface)
                .orElse(OutboundDriver.DEVICE);
    }

    private static Optional<String> value(List<String> words, String letter, String option) {
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals(letter) || words.get(i).equals(option)) {
                return Optional.of(words.get(i + 1));
            }
        }
        return Optional.empty();
    }

    private void keep(String container, Fd pidfd) {
        Fd copy = copy(pidfd);
        holder.store(PREFIX + container + PROCESS, copy);
        Fd old = processes.put(container, copy);
        if (old != null) {
            old.close();
        }
    }

    private static Fd copy(Fd fd) {
        try {
            return fd.duplicate();
        } catch (ErrnoException e) {
            throw e.toKelp("keep the network of a container");
        }
    }

    private static boolean controls(Private p) {
        return p.options().special().control().isPresent();
    }

    /// Has slirp4netns open a container's ports.
    private static void lead(Private p, List<PortMapping> ports) {
        var control = new Slirp4netnsControl(p.options().special().control().orElseThrow());
        String guest = Outbound.slirp4netnsAddress(p.options()).getHostAddress();
        for (PortMapping m : ports) {
            String address = m.hostAddress().isEmpty() ? "0.0.0.0" : m.hostAddress();
            for (int i = 0; i < m.count(); i++) {
                control.add(new Slirp4netnsControl.Forward(
                        m.protocol(), address, m.hostPort() + i, guest, m.containerPort() + i));
            }
        }
    }

    private void forward(Private p, Attachment attachment, InetAddress address) {
        p.forwarder().ifPresent(to -> networks.ports.forward(to, attachment, List.of(address), false));
    }

    /// A container's run is over: its driver and its ports are gone. Fine when it had none.
    public void disconnect(String container) {
        Private ended = running.remove(container);
        Optional<Attachment> known = networks.names.of(container);
        if (ended == null) {
            return;
        }
        known.ifPresent(networks.ports::close);
        ended.close();
        end(container);
        networks.names.remove(container);
        networks.records.forget(container);
    }

    private void end(String container) {
        Fd process = processes.remove(container);
        try (process) {
            if (process != null) {
                Processes.sendSignal(process, Processes.SIGKILL);
                // what comes next may want the ports that it has
                Poll.await(process, Poll.POLLIN, KILLED_MILLIS_MAX);
            }
            Files.deleteIfExists(control(container));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ESRCH)) {
                LOG.log(Level.WARNING, "end the network driver of a container", e);
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "remove the socket of slirp4netns", e);
        }
        holder.drop(PREFIX + container + PROCESS);
        holder.drop(PREFIX + container + NAMESPACE);
    }

    /// Takes up what an earlier daemon started, and ends what belongs to no running container.
    ///
    /// @param all running containers with such a network
    public void recover(Map<String, PrivateNetwork> all) {
        Map<String, Fd> namespaces = new HashMap<>();
        for (Map.Entry<String, Fd> kept : holder.stored().entrySet()) {
            String name = kept.getKey();
            if (name.startsWith(PREFIX) && name.endsWith(PROCESS)) {
                processes.put(name.substring(PREFIX.length(), name.length() - PROCESS.length()), kept.getValue());
            } else if (name.startsWith(PREFIX) && name.endsWith(NAMESPACE)) {
                namespaces.put(name.substring(PREFIX.length(), name.length() - NAMESPACE.length()), kept.getValue());
            } else {
                kept.getValue().close();
            }
        }
        for (Attachment attachment : networks.records.attachments()) {
            PrivateNetwork wanted = all.get(attachment.container());
            Fd namespace = wanted == null ? null : namespaces.remove(attachment.container());
            if (wanted != null && namespace != null) {
                resume(attachment, namespace, wanted);
            }
        }
        for (Map.Entry<String, Fd> left : namespaces.entrySet()) {
            left.getValue().close();
            CompletableFuture<Void> _ = holder.exit(PREFIX + left.getKey())
                    .thenAccept(status -> holder.acknowledge(PREFIX + left.getKey()));
            end(left.getKey());
        }
    }

    private void resume(Attachment attachment, Fd namespace, PrivateNetwork wanted) {
        try {
            Private p = open(attachment, namespace, wanted, device(namespace));
            running.put(attachment.container(), p);
            networks.names.put(attachment);
            if (controls(p)) {
                p.outbound().afterStart(() -> lead(p, attachment.ports()));
            }
            if (p.forwarder().isPresent()) {
                forward(p, attachment, Outbound.slirp4netnsAddress(p.options()));
            }
            // exits are told only to a daemon that is ready
            threads.execute(() -> ensure(p, attachment.name()));
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "take up the network of container {0}: {1}", attachment.name(), e.getMessage());
        }
    }

    private static void ensure(Private p, String name) {
        try {
            p.outbound().ensure();
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "container {0} has no way out: {1}", name, e.getMessage());
        }
    }

    /// The one interface beside the loopback.
    private static String device(Fd namespace) {
        try {
            return NetworkNamespaces.inside(namespace, HostAddresses::onlyInterface)
                    .orElse(OutboundDriver.DEVICE);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "look into a container's network: " + e.getMessage(), e);
        }
    }

    /// Lets go; drivers go on.
    @Override
    public void close() {
        running.values().forEach(Private::close);
        running.clear();
    }
}
