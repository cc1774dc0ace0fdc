// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.EffectiveProcess;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.engine.local.image.ImageBase;
import dev.kelp.engine.local.image.MappedRoots;
import dev.kelp.linux.Signals;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import dev.kelp.model.container.UserNamespace;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.runtime.spec.ProcessParts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes containers: settles what the image and the user's wish come to, then record, snapshot and folder. The record
/// comes first and stays hidden until everything is there.
final class ContainerCreation {
    private final ContainerRecords records;
    private final ContainerFiles files;
    private final ContainerNetworking networking;
    private final ImageSource images;
    private final String defaultRuntime;
    private final Supplier<MappedRoots> mappedRoots;

    /// Where images come from.
    interface ImageSource {
        /// The image as a container of `namespace` would use it, unpacked for that snapshotter (null: the
        /// default), and kept from being removed until the answer is closed.
        ImageBase.Held hold(
                String namespace, String nameOrId, @Nullable Platform platform, @Nullable String snapshotter);
    }

    /// @param mappedRoots root file systems for containers with ids of their own
    ContainerCreation(
            ContainerRecords records,
            ContainerFiles files,
            ContainerNetworking networking,
            ImageSource images,
            String defaultRuntime,
            Supplier<MappedRoots> mappedRoots) {
        this.records = records;
        this.networking = networking;
        this.files = files;
        this.images = images;
        this.defaultRuntime = defaultRuntime;
        this.mappedRoots = mappedRoots;
    }

    /// Who asks for a container, and what shows her that it takes long.
    record Caller(UserEnvironment user, Progress progress) {}

    ContainerFiles files() {
        return files;
    }

    /// @param made the phase it is in then
    ContainerRecord create(String namespace, ContainerSpec asked, Caller caller, Phase made) {
        PlainText.check(asked);
        return ContainerNames.untilFree(asked.name(), () -> {
            List<ImageBase.Held> held = new ArrayList<>();
            try {
                return finish(attempt(namespace, asked, caller, held), made, held);
            } finally {
                held.forEach(ImageBase.Held::close);
            }
        });
    }

    /// @param held what keeps the images it stands on here, until it does
    private ContainerRecord attempt(String namespace, ContainerSpec asked, Caller caller, List<ImageBase.Held> held) {
        UserEnvironment user = caller.user();
        String id = ContainerNames.newId();
        String name = ContainerNames.name(asked.name(), asked.image(), id);
        ContainerSpec named = asked.withName(name);
        UserNamespace userNamespace = named.isolation().user();
        UserNamespaces.Settled ids =
                userNamespace == null ? null : files.userNamespaces().settle(userNamespace, autoIds(), idsOf(named));
        if (ids != null) {
            checkRoot(named, ids.maps());
            named = withSelf(named, ids);
        }
        Optional<ImageBase> plain = base(namespace, named, held);
        plain.filter(b -> asked.platform() == null && !Platform.host().runs(b.platform()))
                .ifPresent(b -> user.warn("the image is for " + b.platform() + ", this machine is " + Platform.host()
                        + ", and no platform was asked for"));
        IdMaps maps = ids == null ? null : ids.maps();
        Optional<ImageBase> base =
                maps == null ? plain : plain.map(b -> mappedRoots.get().of(b, maps, caller.progress()));
        ContainerSpec settled = named.withIsolation(NamespaceModes.settle(named.isolation()));
        networking.check(settled).forEach(user::warn);
        ImageConfig.Execution image = base.map(b -> b.config().execution()).orElse(ImageConfig.Execution.EMPTY);
        ContainerVolumes.Settled volumes = files.volumes().settle(namespace, settled, image);
        ContainerRecord c;
        try {
            ContainerSpec spec = settled.withMounts(files.mounts(namespace, id, volumes.mounts(), user));
            c = new ContainerRecord(namespace, id, name, definition(spec, base, maps), Run.CREATING);
            files.shortfalls(spec).forEach(user::warn);
            files.volumes().insert(c, volumes);
        } catch (RuntimeException e) {
            unbind(id, e);
            files.volumes().abandon(namespace, volumes, e);
            throw e;
        }
        return c;
    }

    /// Who keeps her id runs as herself unless told otherwise.
    private static ContainerSpec withSelf(ContainerSpec spec, UserNamespaces.Settled ids) {
        String user = spec.process().user();
        if (ids.self().isEmpty() || (user != null && !user.isEmpty())) {
            return spec;
        }
        UserNamespaces.Self self = ids.self().get();
        return spec.withProcess(p -> p.withUser(self.uid() + ":" + self.gid()));
    }

    /// A root file system of the user's own belongs to her, and may lie where only she gets.
    private static void checkRoot(ContainerSpec spec, IdMaps ids) {
        if (spec.rootfs() != null && OpenMountPoints.areFor(ids)) {
            throw new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "--rootfs needs a user namespace that has your own id in it: the files are yours")
                    .withHint("use --userns=keep-id, or a map that has the id 0");
        }
    }

    /// How many ids a container needs for the user that was asked for by number.
    private static long idsOf(ContainerSpec spec) {
        String user = spec.process().user();
        long most = 0;
        for (String id : user == null ? new String[0] : user.split(":", -1)) {
            if (id.matches("[0-9]{1,9}")) {
                most = Math.max(most, Long.parseLong(id) + 1);
            }
        }
        return most;
    }

    /// The ids that containers with `auto` have for themselves.
    private List<IdMaps> autoIds() {
        List<IdMaps> taken = new ArrayList<>();
        for (ContainerRecord c : records.all()) {
            UserNamespace asked = c.definition().spec().isolation().user();
            IdMaps ids = c.definition().ids();
            if (ids != null
                    && asked != null
                    && asked.mode() != null
                    && asked.mode().startsWith("auto")) {
                taken.add(ids);
            }
        }
        return taken;
    }

    /// The snapshots of images that are mounted, by the mount's place.
    private Map<Integer, String> imagesOf(ContainerRecord c, List<ImageBase.Held> held) {
        Map<Integer, String> parents = new HashMap<>();
        List<MountSpec> mounts = c.definition().spec().mounts();
        for (int i = 0; i < mounts.size(); i++) {
            MountSpec m = mounts.get(i);
            if (m.type().equals("image")) {
                held.add(images.hold(
                        c.namespace(),
                        String.valueOf(m.source()),
                        null,
                        c.definition().snapshotter()));
                String parent = held.getLast().base().parent();
                if (parent == null) {
                    throw KelpException.invalid("the image `" + m.source() + "` to be mounted has no layers");
                }
                parents.put(i, parent);
            }
        }
        return parents;
    }

    /// Makes what the record promises.
    private ContainerRecord finish(ContainerRecord c, Phase phase, List<ImageBase.Held> held) {
        try {
            files.create(c, imagesOf(c, held));
            ContainerRecord made = c.with(c.run().in(phase));
            if (c.definition().spec().lifecycle().autoRemove()) {
                records.update(made);
            } else {
                files.volumes().setDoomed(c, false);
                records.updateDurably(made);
            }
            return made;
        } catch (RuntimeException e) {
            undo(c, e);
            throw e;
        }
    }

    private void unbind(String id, RuntimeException cause) {
        try {
            files.unbind(id);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private void undo(ContainerRecord c, RuntimeException cause) {
        try {
            files.delete(c);
            files.volumes().delete(c);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private Optional<ImageBase> base(String namespace, ContainerSpec spec, List<ImageBase.Held> held) {
        if (spec.rootfs() != null) {
            return Optional.empty();
        }
        if (spec.image() == null) {
            throw KelpException.invalid("a container needs an image or a root file system");
        }
        Platform platform = spec.platform() == null ? null : Platform.parse(spec.platform());
        held.add(images.hold(namespace, spec.image(), platform, spec.lifecycle().snapshotter()));
        return Optional.of(held.getLast().base());
    }

    private Definition definition(ContainerSpec spec, Optional<ImageBase> base, @Nullable IdMaps maps) {
        ImageConfig.Execution image = base.map(b -> b.config().execution()).orElse(ImageConfig.Execution.EMPTY);
        String runtime = spec.lifecycle().runtime() != null ? spec.lifecycle().runtime() : defaultRuntime;
        return new Definition(
                spec,
                base.map(ImageBase::displayName).orElseGet(() -> "rootfs:" + spec.rootfs()),
                base.map(ImageBase::digest).orElse(null),
                base.map(ImageBase::platform).orElse(Platform.host()).toString(),
                base.map(ImageBase::parent).orElse(null),
                base.map(ImageBase::snapshotter).orElse(null),
                runtime,
                System.currentTimeMillis(),
                effective(spec, image),
                image,
                maps);
    }

    private static EffectiveProcess effective(ContainerSpec spec, ImageConfig.Execution image) {
        ProcessSpec p = spec.process();
        String signal = first(spec.lifecycle().stopSignal(), image.stopSignal(), "SIGTERM");
        Signals.parse(signal);
        List<String> env = ProcessParts.environment(
                List.of(ProcessParts.kept(image.env(), p.unsetEnv()), p.env()), null, p.terminal(), "");
        return new EffectiveProcess(
                ProcessParts.arguments(p, image),
                env.stream().filter(e -> !e.equals("HOME=")).toList(),
                first(p.workdir(), image.workingDir(), "/"),
                first(p.user(), image.user(), ""),
                signal);
    }

    private static String first(@Nullable String a, @Nullable String b, String otherwise) {
        if (a != null && !a.isEmpty()) {
            return a;
        }
        return b != null && !b.isEmpty() ? b : otherwise;
    }
}
