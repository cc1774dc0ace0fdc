// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.content.ContentStore;
import dev.kelp.content.OciLayoutStore;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Engine;
import dev.kelp.engine.EngineNamespace;
import dev.kelp.engine.Events.Event;
import dev.kelp.engine.Namespaces;
import dev.kelp.engine.Networks;
import dev.kelp.engine.local.event.EventLog;
import dev.kelp.engine.local.image.ImageService;
import dev.kelp.engine.local.image.LocalImages;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.NamespaceRecords;
import dev.kelp.engine.local.metadata.SnapshotTable;
import dev.kelp.engine.local.network.Acceleration;
import dev.kelp.engine.local.network.ContainerNetworks;
import dev.kelp.engine.local.network.EngineNetworks;
import dev.kelp.engine.local.network.PrivateNetworks;
import dev.kelp.engine.local.secret.LocalSecrets;
import dev.kelp.engine.local.secret.SecretStore;
import dev.kelp.engine.local.volume.LocalVolumes;
import dev.kelp.engine.local.volume.VolumeRecords;
import dev.kelp.engine.local.volume.VolumeStore;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Transport;
import dev.kelp.rootless.CgroupDelegation;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.Instance;
import dev.kelp.runtime.CapturedExec;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.ExecProcess;
import dev.kelp.runtime.Programs;
import dev.kelp.runtime.Tasks;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.Snapshotters;
import dev.kelp.snapshot.layer.LayerApplication;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The engine in this process, over one data root.
public final class LocalEngine implements Engine {
    private static final int EXEC_CODE_SECONDS = 10;

    /// Gone before an idle daemon gives memory back: what a thread's end touches would count again.
    private static final long IDLE_SECONDS = 5;

    private static final Path CA_BUNDLE = Path.of("/etc/ssl/certs/ca-certificates.crt");

    private final Instance instance;
    private final Holder holder;
    private final Database database;
    private final Tasks tasks;
    private final CgroupDelegation cgroups;
    private final Snapshotters.Choice snapshotter;
    private final ContainerRecords records;
    private final ContainerLifecycle lifecycle;
    private final ContainerCreation creation;
    private final ContainerViews views;
    private final ImageService images;
    private final VolumeStore volumes;
    private final SecretStore secrets;
    private final LayerApplication unpacking;
    private final GarbageCollector collector;
    private final Transport transport;
    private final ContainerNetworks networks;
    private final ContainerNetworking networking;
    private final ExecutorService background = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon(true).name("engine-", 1).factory());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon(true).name("timer").factory());
    private final EventLog events;
    private final ContainerEvents containerEvents;
    private final ResourceEvents resourceEvents;
    private final Restarts restarts;
    private final HealthChecks health;
    private final ContainerLogs logs;
    private final Map<String, Snapshotter> snapshotters = new ConcurrentHashMap<>();
    private final Map<String, LocalNamespace> namespaces = new ConcurrentHashMap<>();
    private final LocalNamespaces known;

    private LocalEngine(Instance instance, Holder holder) {
        this.instance = instance;
        this.holder = holder;
        database = Database.open(instance.dataRoot().resolve("kelp.db"));
        cgroups = new CgroupDelegation(instance, holder);
        tasks = new Tasks(instance, holder);
        snapshotter = Snapshotters.choose(Snapshotters.AUTO, instance.dataRoot());
        known = new LocalNamespaces(new NamespaceRecords(database));
        records = new ContainerRecords(database);
        events = new EventLog(database, timer);
        secrets = new SecretStore(instance.dataRoot(), database);
        volumes = new VolumeStore(instance.dataRoot(), new VolumeRecords(database), ResourceEvents.volumes(events));
        ContainerFiles files = new ContainerFiles(
                instance,
                cgroups,
                this::snapshotter,
                tasks::compiledSeccomp,
                new ContainerVolumes(volumes, records),
                new JoinedNamespaces(records),
                secrets);
        networks = new ContainerNetworks(instance, holder, database, background);
        networking = new ContainerNetworking(
                networks,
                new PrivateNetworks(networks, instance, holder, background),
                records,
                new Acceleration(networks, holder, instance.runRoot()));
        containerEvents = new ContainerEvents(events);
        resourceEvents = new ResourceEvents(events, networks);
        restarts = new Restarts(timer);
        health = new HealthChecks(new HealthRecords(database), new Probes(files), containerEvents, timer);
        logs = new ContainerLogs(files::logPath, new LogPositions(database), holder);
        lifecycle = new ContainerLifecycle(
                records,
                files,
                networking,
                tasks,
                background,
                restarts,
                new RunObserver(containerEvents, resourceEvents, health, logs));
        views = new ContainerViews(lifecycle, files, tasks, UnpackPolicy.of(instance));
        ContentStore content = new OciLayoutStore(instance.dataRoot().resolve("content"));
        Leases leases = new Leases(database);
        List<Snapshotter> all = snapshotters();
        collector = new GarbageCollector(database, leases, content, all);
        transport = new Transport(new Transport.Settings(
                "kelp/" + EngineReport.VERSION,
                HttpLimits.DEFAULT,
                machineAuthorities(),
                networks.shared()::connecting));
        unpacking = new LayerApplication(UnpackPolicy.of(instance));
        images = new ImageService(
                new ImageService.Parts(
                        instance.dataRoot(),
                        database,
                        content,
                        all,
                        unpacking,
                        transport,
                        leases,
                        collector,
                        ImageService.TRANSFERS_DEFAULT),
                this::imageEvent);
        creation = new ContainerCreation(
                records,
                files,
                networking,
                (ns, name, platform, s) -> images.images(ns).hold(name, platform, s),
                defaultRuntime(),
                images::mappedRoots);
    }

    private void imageEvent(String namespace, String action, String actor, String name) {
        events.publish(namespace, new Event("image", action, actor, Map.of("name", name), Instant.now()));
    }

    private void networkEvent(String namespace, String action, NetworkDefinition network, @Nullable String container) {
        if (container == null) {
            resourceEvents.network(action, network);
        } else {
            resourceEvents.network(action, network, namespace, container);
        }
    }

    /// Opens the engine and takes up what an earlier daemon left: running containers, half-done work.
    public static LocalEngine open(Instance instance, Holder holder) {
        Path natives = instance.installRoot().resolve("lib/native");
        if (Files.isDirectory(natives)) {
            Database.useNativeLibrary(natives);
        }
        LocalEngine engine = new LocalEngine(instance, holder);
        engine.background.execute(engine.cgroups::settle);
        engine.secrets.recover();
        engine.volumes.recover();
        engine.lifecycle.recover();
        engine.logs.recover(engine.records.readable());
        engine.collector.recover();
        holder.onUnasked(engine.tasks::endedUnasked);
        return engine;
    }

    /// The default one first, then the other that always works.
    private List<Snapshotter> snapshotters() {
        Snapshotter first = snapshotter("");
        return first.name().equals(NativeSnapshotter.NAME)
                ? List.of(first)
                : List.of(first, snapshotter(NativeSnapshotter.NAME));
    }

    private static String defaultRuntime() {
        try {
            return Programs.ociRuntime(Optional.empty()).getFileName().toString();
        } catch (KelpException e) {
            return "crun";
        }
    }

    /// The distribution's bundle of certificate authorities, so that one the machine's owner added is trusted.
    private static List<String> machineAuthorities() {
        try {
            return List.of(Files.readString(CA_BUNDLE));
        } catch (IOException e) {
            return List.of();
        }
    }

    /// The snapshotter of that name; empty means the one chosen for this data root.
    private Snapshotter snapshotter(String name) {
        String wanted = name.isEmpty() || name.equals(Snapshotters.AUTO) ? snapshotter.name() : name;
        return snapshotters.computeIfAbsent(wanted, n -> {
            Snapshotters.Choice choice =
                    n.equals(snapshotter.name()) ? snapshotter : Snapshotters.choose(n, instance.dataRoot());
            return Snapshotters.open(choice, instance.dataRoot(), new SnapshotTable(database, choice.name()));
        });
    }

    @Override
    public EngineNamespace namespace(String name) {
        return namespaces.computeIfAbsent(name, n -> {
            LocalImages own = images.images(LocalNamespaces.checkName(n));
            LocalContainers containers = new LocalContainers(
                    n, new LocalContainers.Parts(records, lifecycle, creation, containerEvents, health, views));
            Networks reached = new EngineNetworks(
                    networks,
                    containers::runningProcess,
                    (action, network, id) -> networkEvent(n, action, network, id));
            return new LocalNamespace(
                    n,
                    own,
                    containers,
                    images.manifestLists(n),
                    new LocalChanges(n, records, lifecycle, creation.files(), own, containers::find),
                    new LocalVolumes(n, volumes, unpacking),
                    reached,
                    events.in(n),
                    new LocalSecrets(n, secrets));
        });
    }

    @Override
    public Namespaces namespaces() {
        return known;
    }

    @Override
    public EngineInfo info() {
        return EngineReport.of(instance, tasks, cgroups.choose(null), snapshotter);
    }

    /// The exit code of a session whose client lost sight of it when an earlier daemon ended: the tokens that
    /// `run`, `attach` and `exec` gave out, `container:NAMESPACE:ID` and `exec:NAMESPACE:ID:TOKEN`.
    public Optional<Containers.Resumed> session(String token) {
        String[] parts = token.split(":", -1);
        try {
            if (parts.length == 3 && parts[0].equals("container")) {
                return Optional.of(
                        new Containers.Resumed(namespace(parts[1]).containers().exit(parts[2]), () -> {}));
            }
            if (parts.length == 4 && parts[0].equals("exec")) {
                return execEnding(parts[1], parts[2], parts[3]);
            }
        } catch (KelpException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /// How health checks reach containers.
    private final class Probes implements HealthChecks.Probing {
        private final Execs execs;

        Probes(ContainerFiles files) {
            execs = new Execs(files, containerEvents);
        }

        @Override
        public CapturedExec start(ContainerRecord c, ContainerTask task, List<String> command, int outputBytesMax) {
            return execs.capture(task, c, command, outputBytesMax);
        }

        @Override
        public void onFailure(ContainerRecord c, ContainerTask task, String action) {
            Containers containers = namespace(c.namespace()).containers();
            switch (action) {
                case "stop" -> containers.stop(c.id(), null, null);
                case "restart" -> containers.restart(c.id(), null, null);
                // nobody asked for its end: a restart policy brings it back
                default -> task.kill(Processes.SIGKILL);
            }
        }
    }

    /// A container takes its other processes with it when it ends, and the holder has their codes then; with a
    /// holder
    /// that was killed they are lost.
    private Optional<Containers.Resumed> execEnding(String namespace, String id, String token) {
        if (!id.matches("[0-9a-f]{64}") || !token.matches("[A-Za-z0-9]{1,64}")) {
            return Optional.empty();
        }
        ExecProcess.Ending ending = tasks.execEnding(id, token);
        CompletableFuture<Integer> exit = ending.exit().thenApply(ExecProcess.Exit::code);
        boolean runs =
                records.byId(namespace, id).filter(ContainerRecord::isRunning).isPresent();
        if (runs) {
            return tasks.keepsExec(id, token)
                    ? Optional.of(new Containers.Resumed(exit, ending.told()))
                    : Optional.empty();
        }
        KelpException lost = new KelpException(
                ErrorKind.NOT_FOUND, "the container has ended, and the exit code of the command in it is lost");
        CompletableFuture<Integer> known = exit.orTimeout(EXEC_CODE_SECONDS, TimeUnit.SECONDS)
                .exceptionally(e -> {
                    throw lost;
                });
        return Optional.of(new Containers.Resumed(known, ending.told()));
    }

    /// Lets go of what only makes the next command faster: connections to registries and their threads, the parsed
    /// definitions of many containers.
    public void trim() {
        transport.trim();
        records.trim();
    }

    @Override
    public void close() {
        networking.close();
        networks.close();
        transport.close();
        tasks.close();
        timer.shutdownNow();
        restarts.close();
        health.close();
        logs.close();
        events.close();
        database.close();
        holder.close();
        background.shutdownNow();
    }
}
