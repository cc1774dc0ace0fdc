// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.engine.local.secret.SecretStore;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.Resources;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.CgroupDelegation;
import dev.kelp.rootless.Instance;
import dev.kelp.runtime.CompiledSeccomp;
import dev.kelp.runtime.Programs;
import dev.kelp.runtime.TaskSpec;
import dev.kelp.runtime.spec.OciSpec;
import dev.kelp.runtime.spec.SpecInputs;
import dev.kelp.runtime.spec.Users;
import dev.kelp.snapshot.Snapshotter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a container has on the disk: its snapshot, its folder below the data root (log, hosts, resolv.conf), and while
/// it runs the mounted root file system and the bundle below the run root.
final class ContainerFiles {
    private final Instance instance;
    private final CgroupDelegation cgroups;
    private final Function<String, Snapshotter> snapshotters;
    private final String hostName;
    private final Function<Path, CompiledSeccomp> filters;
    private final Binds binds;
    private final ContainerVolumes volumes;
    private final ImageMounts imageMounts;
    private final SharedMemory sharedMemory;
    private final ContainerSecrets secrets;
    private final OwnIds ownIds;
    private final JoinedNamespaces joined;
    private final ContainerRoots roots;

    /// @param snapshotters by name
    /// @param filters the seccomp filters compiled so far, by OCI runtime
    /// @param joined finds the namespaces of other containers that one shares
    ContainerFiles(
            Instance instance,
            CgroupDelegation cgroups,
            Function<String, Snapshotter> snapshotters,
            Function<Path, CompiledSeccomp> filters,
            ContainerVolumes volumes,
            JoinedNamespaces joined,
            SecretStore secrets) {
        this.joined = joined;
        this.instance = instance;
        this.cgroups = cgroups;
        this.snapshotters = snapshotters;
        this.roots = new ContainerRoots(instance, snapshotters);
        this.filters = filters;
        this.volumes = volumes;
        this.ownIds = new OwnIds(instance);
        this.imageMounts = new ImageMounts(snapshotters, instance.runRoot().resolve("mounts"));
        this.sharedMemory = new SharedMemory(instance.runRoot().resolve("mounts"));
        this.secrets = new ContainerSecrets(secrets, instance.runRoot().resolve("mounts"));
        this.binds = new Binds(instance);
        this.hostName = machineName();
        spread(instance.dataRoot().resolve("containers"));
    }

    /// Each container's folder gets a place of its own on the disk: beside those just removed, ext4 would step over
    /// every inode they had. Other file systems refuse the flag and need none.
    private static void spread(Path folder) {
        try {
            Files.createDirectories(folder);
            try (Fd dir = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
                Inodes.spreadDirectories(dir);
            }
        } catch (IOException e) {
            System.getLogger(ContainerFiles.class.getName())
                    .log(System.Logger.Level.DEBUG, "container folders lie where the file system puts them", e);
        }
    }

    private static String machineName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "localhost";
        }
    }

    ContainerRoots roots() {
        return roots;
    }

    UserNamespaces userNamespaces() {
        return new UserNamespaces(instance);
    }

    ContainerVolumes volumes() {
        return volumes;
    }

    Path folder(ContainerRecord c) {
        return instance.dataRoot().resolve("containers").resolve(c.id());
    }

    Path logPath(ContainerRecord c) {
        return folder(c).resolve("ctr.log");
    }

    /// The code for a command that could not be executed, if that is what the last run came to.
    OptionalInt commandFailure(ContainerRecord c) {
        List<String> command = c.definition().process().arguments();
        return command.isEmpty()
                ? OptionalInt.empty()
                : CommandFailure.code(logPath(c), Instant.ofEpochMilli(c.run().startedMillis()), command.getFirst());
    }

    Path bundlePath(ContainerRecord c) {
        return instance.runRoot().resolve("containers").resolve(c.id());
    }

    /// What the OCI runtime was given; empty when it has ended meanwhile.
    Optional<byte[]> runtimeSpec(ContainerRecord c) {
        try {
            return Optional.of(Files.readAllBytes(bundlePath(c).resolve("config.json")));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.INTERNAL, "cannot read the bundle of container " + c.name() + ": " + e.getMessage(), e);
        }
    }

    /// The mounts as a container's definition keeps them. Host root's client makes the binds now. For anybody else
    /// a
    /// bind must be, now, what the client sees under that path: another file system may be mounted there outside
    /// that
    /// this namespace does not see. Later it may be another file of that name, such as an editor leaves behind.
    List<MountSpec> mounts(String namespace, String id, List<MountSpec> asked, UserEnvironment user) {
        List<MountSpec> sources = volumes.resolve(namespace, asked);
        if (sources.stream().noneMatch(m -> m.type().equals("bind"))) {
            return asked;
        }
        if (binds.areHandedOver()) {
            binds.handOver(id, sources, user);
        } else {
            sources.forEach(ContainerFiles::checkSource);
        }
        return asked.stream()
                .map(m -> new MountSpec(
                        m.type(), m.source(), m.target(), m.options(), null, null, m.volume(), m.subpath()))
                .toList();
    }

    /// Has host root's client make the binds of a container anew, so that they are what is now under their names.
    void rebind(ContainerRecord c, UserEnvironment user) {
        if (binds.areHandedOver()) {
            binds.handOver(
                    c.id(), volumes.resolve(c.namespace(), c.definition().spec().mounts()), user);
        }
    }

    /// The container has made its mounts: takes away those it made them from.
    void releaseBinds(ContainerRecord c) {
        binds.release(c.id());
        secrets.unmount(c);
    }

    /// Takes back what [#mounts] made for a container that did not come to be.
    void unbind(String id) {
        binds.detach(id);
    }

    /// Removes what belongs to none of these containers, the leavings of a daemon that was killed.
    void sweep(Set<String> ids) {
        binds.sweep(ids);
    }

    /// What was asked for and will not be so, a sentence each.
    List<String> shortfalls(ContainerSpec spec) {
        CgroupAccess access = cgroups(spec);
        OciSpec.checkLimits(spec.resources(), access);
        List<String> all = new ArrayList<>(OciSpec.unmetLimits(spec.resources(), access));
        if ("/".equals(spec.rootfs())) {
            all.add("what this machine's root owns belongs to nobody in here and cannot be changed;"
                    + " /dev, /home, /root, /run, /tmp and where people are at home are fresh");
        }
        return all;
    }

    /// Makes snapshot and folder of a new container.
    ///
    /// @param images for mounts of images, by their place, the snapshots of their topmost layers
    void create(ContainerRecord c, Map<Integer, String> images) {
        Definition d = c.definition();
        if (d.snapshotter() != null) {
            snapshotters.apply(d.snapshotter()).prepare(c.id(), d.parent(), Map.of());
        }
        try {
            make(folder(c));
            secrets.keep(c, folder(c));
        } catch (IOException e) {
            throw failed("make the folder of container " + c.name(), e);
        }
        imageMounts.make(c, images);
        List<MountSpec> toFill = volumes.toFill(c);
        if (!toFill.isEmpty()) {
            fill(c, toFill);
        }
    }

    /// createDirectories tries first and looks then: an exception for each that is there.
    static void make(Path folder) throws IOException {
        Path parent = folder.getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            Files.createDirectories(parent);
        }
        if (!Files.isDirectory(folder)) {
            Files.createDirectory(folder);
        }
    }

    private void fill(ContainerRecord c, List<MountSpec> toFill) {
        try {
            volumes.fill(c, roots.mountBriefly(c), toFill);
        } catch (IOException e) {
            throw failed("fill the volumes of container " + c.name(), e);
        } finally {
            roots.unmount(c);
        }
    }

    /// Mounts the root file system and gives the bundle's configuration.
    ///
    /// @param network what the container was connected to
    /// @param cgroups what its task was given, too
    OciSpec.Generated prepare(ContainerRecord c, NetworkShare network, CgroupAccess cgroups) {
        Definition d = c.definition();
        ContainerSpec spec = d.spec();
        try {
            make(folder(c));
            Path rootfs = roots.mount(c);
            IdMaps ids = c.definition().ids();
            if (ids != null) {
                ownIds.prepare(c, ids, rootfs);
            }
            volumes.use(c);
            List<MountSpec> mounts =
                    binds.own(c.id(), imageMounts.mount(c, volumes.resolve(c.namespace(), spec.mounts())));
            mounts = secrets.with(c, folder(c), sharedMemory.with(c, mounts));
            ContainerSpec told = ContainerSecrets.environment(c, network.applied(spec), folder(c));
            NetworkShare shared = network.and(joined.of(c));
            OciSpec.Generated generated = OciSpec.generate(inputs(c, told, rootfs, mounts, shared, cgroups));
            ownIds.giveAway(c, mounts, folder(c), generated.process().user());
            return generated;
        } catch (IOException e) {
            throw failed("prepare container " + c.name(), e);
        }
    }

    /// Gives what a container mounts with `U` to its user ahead of its start, which finds little to do then. What
    /// host root's client hands over, parts of mounts, and file systems mounted for the start are left to it.
    ///
    /// @param root gives the mounted root file system to what it is asked for
    void giveMounts(ContainerRecord c, Consumer<Consumer<Path>> root, Progress progress) {
        List<MountSpec> mounts = volumes
                .resolve(c.namespace(), c.definition().spec().mounts())
                .stream()
                .filter(OwnIds::isWhole)
                .toList();
        boolean view = "/".equals(c.definition().spec().rootfs());
        if (view || binds.areHandedOver() || !OwnIds.asks(mounts)) {
            return;
        }
        AtomicReference<Users.Identity> user = new AtomicReference<>();
        root.accept(rootfs -> user.set(OciSpec.process(
                        inputs(c, c.definition().spec(), rootfs, List.of(), NetworkShare.NONE, CgroupAccess.none()))
                .user()));
        Users.Identity found = user.get();
        if (found != null) {
            OwnIds.giveMounts(c, mounts, found, progress);
        }
    }

    /// The process that `exec` starts in this running container.
    OciSpec.ProcessConfig execProcess(ContainerRecord c, ContainerSpec changed) {
        ContainerSpec told = ContainerSecrets.environment(c, changed, folder(c));
        return OciSpec.process(inputs(c, told, roots.of(c), List.of(), NetworkShare.NONE, CgroupAccess.none()));
    }

    /// What a container binds, its volumes among them.
    List<MountSpec> binds(ContainerRecord c) {
        return volumes.resolve(c.namespace(), c.definition().spec().mounts());
    }

    boolean isPaused(ContainerRecord c) {
        return Files.exists(bundlePath(c).resolve("paused"));
    }

    /// Those of these limits that this container cannot have, a sentence each.
    List<String> unmetLimits(ContainerRecord c, Resources limits) {
        return OciSpec.unmetLimits(limits, cgroups(c));
    }

    /// The way its cgroup is made: asked for once per start, see [CgroupDelegation#choose].
    CgroupAccess cgroups(ContainerRecord c) {
        return cgroups(c.definition().spec());
    }

    private CgroupAccess cgroups(ContainerSpec spec) {
        return cgroups.choose(spec.resources().cgroupManager());
    }

    /// Mounts the root file system of a container that does not run for as long as `work` runs.
    void withMountedRoot(ContainerRecord c, Consumer<Path> work) {
        String rootfs = c.definition().spec().rootfs();
        if ("/".equals(rootfs)) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION,
                    "container " + c.name() + " is a throw-away view of this machine: it has files only while it runs");
        }
        try {
            work.accept(roots.mountBriefly(c));
        } catch (IOException e) {
            throw failed("mount the root file system of container " + c.name(), e);
        } finally {
            roots.unmount(c);
        }
    }

    private SpecInputs inputs(
            ContainerRecord c,
            ContainerSpec spec,
            Path rootfs,
            List<MountSpec> mounts,
            NetworkShare network,
            CgroupAccess cgroups) {
        return new SpecInputs(
                c.id(),
                spec,
                c.definition().image(),
                rootfs,
                folder(c),
                mounts,
                network.joined(),
                instance,
                cgroups,
                spec.lifecycle().init() ? initProgram(spec) : null,
                hostName,
                profile -> filters.apply(
                                Programs.ociRuntime(Optional.of(c.definition().runtime())))
                        .of(profile),
                network.addresses(),
                c.definition().ids(),
                network.seccompListener().orElse(null));
    }

    private static Path initProgram(ContainerSpec spec) {
        String named = spec.lifecycle().initBinary();
        if (named != null) {
            return Programs.find(named)
                    .orElseThrow(() ->
                            KelpException.invalid("the init `" + named + "` is no executable file of this machine"));
        }
        return Programs.init()
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, "no init program is installed for `--init`")
                        .withHint("apt-get install catatonit"));
    }

    TaskSpec task(ContainerRecord c, CgroupAccess.Driver cgroups) {
        ContainerSpec.ProcessSpec p = c.definition().spec().process();
        LogSettings log = LogSettings.of(c.definition().spec().logging());
        return new TaskSpec(
                c.id(),
                c.name(),
                Programs.ociRuntime(Optional.of(c.definition().runtime())),
                log.isKept() ? Optional.of(logPath(c)) : Optional.empty(),
                p.terminal(),
                p.openStdin(),
                // A terminal's input stays open when a client detaches: the next one types on.
                p.stdinOnce() && !p.terminal(),
                c.definition().spec().lifecycle().timeoutSeconds(),
                cgroups);
    }

    /// Refuses a bind whose source is missing, or is not the file that the client saw.
    private static void checkSource(MountSpec m) {
        if (!m.type().equals("bind") || m.source() == null) {
            return;
        }
        try {
            Stat here = Inodes.stat(Fd.CWD, m.source(), 0);
            if (m.inode() != null
                    && (here.inode() != m.inode() || !here.device().equals(m.device()))) {
                throw new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                "`" + m.source() + "` is not the same for the engine as for you: a file system was"
                                        + " mounted there privately")
                        .withHint("restart the engine with `kelp system stop` from where you see it");
            }
        } catch (ErrnoException e) {
            throw e.toKelp("cannot bind `" + m.source() + "` to `" + m.target() + "`");
        }
    }

    long writableBytes(ContainerRecord c) {
        String snapshotter = c.definition().snapshotter();
        return snapshotter == null
                ? 0
                : snapshotters.apply(snapshotter).usage(c.id()).sizeBytes();
    }

    /// Unmounts the root file system of a container that does not run.
    void discard(ContainerRecord c) {
        binds.release(c.id());
        roots.unmount(c);
        volumes.release(c);
        imageMounts.unmount(c);
        sharedMemory.unmount(c);
        secrets.unmount(c);
    }

    /// Removes the writable layers of containers that do not run, which waits for the disk once; [#delete] does the
    /// rest.
    void deleteSnapshots(List<ContainerRecord> all) {
        all.stream()
                .filter(c -> c.definition().snapshotter() != null)
                .collect(Collectors.groupingBy(
                        c -> String.valueOf(c.definition().snapshotter()),
                        Collectors.mapping(ContainerRecord::id, Collectors.toList())))
                .forEach((snapshotter, ids) -> snapshotters.apply(snapshotter).removeAll(ids));
    }

    /// Removes everything; what is not there is fine.
    void delete(ContainerRecord c) {
        discard(c);
        Definition d = c.definition();
        if (d.snapshotter() != null) {
            try {
                snapshotters.apply(d.snapshotter()).remove(c.id());
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        }
        imageMounts.delete(c);
        binds.detach(c.id());
        try {
            ContainerRoots.removeTree(folder(c));
        } catch (IOException e) {
            throw failed("remove the folder of container " + c.name(), e);
        }
    }

    static KelpException failed(String what, IOException e) {
        return e instanceof ErrnoException errno
                ? errno.toKelp("cannot " + what)
                : new KelpException(ErrorKind.INTERNAL, "cannot " + what + ": " + e.getMessage(), e);
    }
}
