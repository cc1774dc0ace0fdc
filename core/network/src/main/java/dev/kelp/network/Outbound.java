// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.SpawnedProcess;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Keeps the way out open: starts the driver when it is first needed, takes up the one an earlier daemon started, and
/// starts another when it ends while somebody may need it.
public final class Outbound implements WayOut {
    private static final System.Logger LOG = System.getLogger(Outbound.class.getName());
    private static final Path TUN = Path.of("/dev/net/tun");
    private static final long AGAIN_MILLIS_FIRST = 100;
    private static final long AGAIN_MILLIS_MAX = 30_000;
    static final long FAILED_NANOS = TimeUnit.SECONDS.toNanos(5);

    /// A driver that worked for so long starts again at once.
    private static final long STEADY_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final DetachedNamespace namespace;
    private final HostPrograms programs;
    private final OutboundDriver driver;
    private final OutboundDriver.Options options;
    private final Executor threads;
    private boolean running;
    private Runnable afterStart = () -> {};
    private Consumer<Fd> keep = pidfd -> {};
    private OutboundDriver.@Nullable Running started;
    private boolean closed;
    private long againMillis = AGAIN_MILLIS_FIRST;
    private long startedNanos;
    private @Nullable KelpException failure;
    private long failedNanos;

    /// @param threads platform threads
    public Outbound(DetachedNamespace namespace, HostPrograms programs, Choice choice, Executor threads) {
        this.namespace = namespace;
        this.programs = programs;
        this.driver = choice.driver();
        this.options = choice.options();
        this.threads = threads;
    }

    /// Which driver, and how.
    public record Choice(OutboundDriver driver, OutboundDriver.Options options) {}

    /// The driver of that name, or the first that is installed.
    ///
    /// @throws KelpException INVALID_ARGUMENT for an unknown name, NOT_FOUND when there is none
    public static OutboundDriver driver(HostPrograms programs, Optional<String> name) {
        List<OutboundDriver> all = OutboundDriver.all(programs);
        if (name.isPresent()) {
            return all.stream()
                    .filter(d -> d.name().equals(name.get()))
                    .findFirst()
                    .orElseThrow(() -> KelpException.invalid("unknown network driver `" + name.get() + "`")
                            .withHint("use " + String.join(", ", OutboundDriver.NAMES)));
        }
        return all.stream()
                .filter(OutboundDriver::isInstalled)
                .findFirst()
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, "no network driver is installed")
                        .withHint("apt-get install slirp4netns"));
    }

    /// The address that slirp4netns' device has with these options.
    public static InetAddress slirp4netnsAddress(OutboundDriver.Options options) {
        return Slirp4netns.own(options.cidr().orElse(OutboundDriver.CIDR_DEFAULT));
    }

    /// Why this machine cannot give networks a way out, and what still works; empty when it can.
    ///
    /// @param driver the one to use; empty: any
    public static Optional<String> shortfall(Optional<String> driver) {
        String why;
        if (driver.isPresent() && !OutboundDriver.isInstalled(driver.get())) {
            why = "the network driver " + driver.get() + " is not installed";
        } else if (OutboundDriver.NAMES.stream().noneMatch(OutboundDriver::isInstalled)) {
            why = "neither slirp4netns nor pasta is installed (apt-get install slirp4netns)";
        } else if (!Files.exists(TUN)) {
            why = TUN + " is missing (as root: modprobe tun)";
        } else if (!Files.isReadable(TUN) || !Files.isWritable(TUN)) {
            why = TUN + " may not be opened (as root: chmod 666 " + TUN + ")";
        } else {
            return Optional.empty();
        }
        return Optional.of(unreachable(why));
    }

    /// The sentence for who starts a container.
    static String unreachable(String why) {
        return "the container cannot reach other machines: " + why
                + "; its neighbours and published ports work, and --network=host does";
    }

    /// Has this done whenever a driver was started, before [#ensure] returns. It may block, and does not call back.
    public synchronized void afterStart(Runnable work) {
        afterStart = work;
    }

    /// Has the descriptor of each process that is started looked at: to be copied by whoever will end it.
    public synchronized void keep(Consumer<Fd> look) {
        keep = look;
    }

    @Override
    public synchronized boolean isOpen() {
        return running || closed;
    }

    public String driverName() {
        return driver.name();
    }

    @Override
    public synchronized void ensure() {
        if (running || closed) {
            return;
        }
        KelpException failed = failure;
        if (failed != null && System.nanoTime() - failedNanos < FAILED_NANOS) {
            throw failed;
        }
        try {
            open();
            failure = null;
        } catch (KelpException e) {
            failure = e;
            failedNanos = System.nanoTime();
            throw e;
        }
    }

    private void open() {
        if (devicePresent()) {
            // An earlier daemon's: the device is there exactly as long as its process.
            watch(programs.spawner().exit(key()));
            return;
        }
        OutboundDriver.Running running = driver.start(namespace, options);
        started = running;
        keep.accept(running.process().pidfd());
        running.process().pidfd().close();
        watch(running.process().waitStatus());
        try {
            afterStart.run();
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "after {0} was started: {1}", driver.name(), e.getMessage());
        }
    }

    /// The driver that was started last; empty when it is an earlier daemon's. Its descriptor is closed.
    public synchronized Optional<OutboundDriver.Running> started() {
        return Optional.ofNullable(started);
    }

    private String key() {
        return options.special().key();
    }

    private boolean devicePresent() {
        try {
            return namespace.links().find(options.special().device()).isPresent();
        } catch (ErrnoException e) {
            throw e.toKelp("look at the interfaces of the detached network namespace");
        }
    }

    private void watch(CompletableFuture<Integer> exit) {
        running = true;
        startedNanos = System.nanoTime();
        // when the holder is gone it fails, and with the holder this daemon's reason to be
        CompletableFuture<Void> _ = exit.thenAcceptAsync(this::ended, threads);
    }

    private void ended(int status) {
        programs.spawner().acknowledge(key());
        synchronized (this) {
            running = false;
            if (closed) {
                return;
            }
            if (System.nanoTime() - startedNanos > STEADY_NANOS) {
                againMillis = AGAIN_MILLIS_FIRST;
            }
        }
        LOG.log(Level.WARNING, "{0} ended with {1}; starting it again", driver.name(), SpawnedProcess.exitCode(status));
        again();
    }

    private void again() {
        long wait;
        synchronized (this) {
            wait = againMillis;
            againMillis = Math.min(AGAIN_MILLIS_MAX, againMillis * 2);
        }
        CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS, threads).execute(() -> {
            try {
                ensure();
            } catch (KelpException e) {
                LOG.log(Level.WARNING, e.getMessage());
                again();
            }
        });
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
