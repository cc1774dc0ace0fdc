// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// The other mode of rootless containerd (`DETACH_NETNS=false`), in which the daemon lives in the namespace of its
/// networks: pulls go out by the network driver, and `--network=host` is that namespace.
///
/// The daemon does not: who is inside cannot go back to the host's network (setns(2): EPERM), and published ports are
/// sockets of the host. So the sockets of pulls are opened on threads that are inside, which is all the same to
/// whoever is asked.
public final class SharedNamespace {
    private static final System.Logger LOG = System.getLogger(SharedNamespace.class.getName());
    private static final int IDLE_SECONDS = 5;

    private final StartSettings settings;
    private final Path pin;
    private final Supplier<Plumbing> plumbing;
    private final Supplier<NetworkDefinition> bridge;
    private final Executor threads;

    /// Its threads are inside for good, and end when they are idle.
    private final Executor inside;

    SharedNamespace(
            StartSettings settings,
            Path pin,
            Supplier<Plumbing> plumbing,
            Supplier<NetworkDefinition> bridge,
            Executor threads) {
        this.settings = settings;
        this.pin = pin;
        this.plumbing = plumbing;
        this.bridge = bridge;
        this.threads = threads;
        inside = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                life -> Thread.ofPlatform().name("kelp-inside").daemon(true).unstarted(() -> {
                    NetworkNamespaces.enter(plumbing.get().namespace());
                    life.run();
                }));
    }

    /// Whether that mode is on.
    ///
    /// @throws KelpException INVALID_ARGUMENT when the variable is mistyped
    public boolean isOn() {
        return !settings.detaches();
    }

    /// The same; a mistyped variable is for a command to tell.
    boolean isKnownToBeOn() {
        try {
            return isOn();
        } catch (KelpException e) {
            return false;
        }
    }

    /// What opens the daemon's own connections; empty: whoever wants one, in the host's network. Waits until there
    /// is
    /// a way out.
    public Optional<Executor> connecting() {
        if (!isOn()) {
            return Optional.empty();
        }
        ready();
        return Optional.of(inside);
    }

    /// Where that mode is on, has the namespace be there before the first who needs it: `nsenter` leads into it.
    void begin() {
        if (isKnownToBeOn()) {
            threads.execute(() -> {
                try {
                    plumbing.get().ensure(bridge.get());
                } catch (KelpException e) {
                    LOG.log(Level.DEBUG, "who needs the namespace learns why there is none", e);
                }
            });
        }
    }

    private void ready() {
        try {
            CompletableFuture.runAsync(() -> plumbing.get().ensure(bridge.get()), threads)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof KelpException k ? k : e;
        }
    }

    /// As [ContainerNetworks#check] for a container on the host's network.
    public List<String> shortfalls() {
        return isOn() ? settings.shortfalls(Networking.DEFAULT) : List.of();
    }

    /// Where a container on the host's network runs. Waits until there is a way out.
    public String path() {
        ready();
        return pin.toString();
    }

    /// Who answers there: the host's own servers may listen on the host's loopback interface alone.
    public List<String> nameServers() {
        return bridge.get().pools().stream()
                .map(Pool::gateway)
                .map(InetAddress::getHostAddress)
                .toList();
    }
}
