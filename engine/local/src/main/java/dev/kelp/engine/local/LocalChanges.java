// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Changes;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.image.ContainerCommit;
import dev.kelp.engine.local.image.LocalImages;
import dev.kelp.linux.Fd;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.SecretUse;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.snapshot.diff.Change;
import dev.kelp.snapshot.diff.Differ;
import dev.kelp.snapshot.diff.Exclusions;
import dev.kelp.snapshot.diff.ShownOwners;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What the containers of one namespace have changed.
final class LocalChanges implements Changes {
    /// What the engine and the OCI runtime mount into every container.
    private static final List<String> MOUNT_POINTS = List.of(
            "/proc",
            "/sys",
            "/dev",
            "/etc/hosts",
            "/etc/hostname",
            "/etc/resolv.conf",
            "/run/.containerenv",
            "/.dockerenv");

    private final String namespace;
    private final ContainerRecords records;
    private final ContainerLifecycle lifecycle;
    private final ContainerFiles files;
    private final LocalImages images;
    private final Function<String, ContainerRecord> find;

    /// @param find the container that a name, id or prefix stands for
    LocalChanges(
            String namespace,
            ContainerRecords records,
            ContainerLifecycle lifecycle,
            ContainerFiles files,
            LocalImages images,
            Function<String, ContainerRecord> find) {
        this.namespace = namespace;
        this.records = records;
        this.lifecycle = lifecycle;
        this.files = files;
        this.images = images;
        this.find = find;
    }

    @Override
    public List<FileChange> diff(String container) {
        ContainerRecord c = withLayer(find.apply(container), "find the changes of");
        List<FileChange> found = new ArrayList<>();
        new Differ(exclusions(c)).changes(files.roots().changes(c), change -> {
            if (!change.path().isEmpty()) {
                found.add(new FileChange(kind(change), "/" + change.path()));
            }
        });
        checkStillThere(c);
        return found;
    }

    private static Kind kind(Change change) {
        return switch (change.kind()) {
            case ADDED -> Kind.ADDED;
            // as Docker has it: what is in a directory is a part of it
            case MODIFIED, PARENT -> Kind.MODIFIED;
            case DELETED -> Kind.DELETED;
        };
    }

    @Override
    public void export(String container, OutputStream out) {
        ContainerRecord c = find.apply(container);
        checkStillThere(c);
        try (Fd root = files.roots().open(c)) {
            new Differ(Exclusions.NONE, owners(c)).writeTree(root, out);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "export container " + c.name() + ": " + e.getMessage(), e);
        }
        checkStillThere(c);
    }

    @Override
    public Committed commit(String container, CommitOptions options, UserEnvironment user) {
        ContainerRecord c = withLayer(find.apply(container), "commit");
        Definition d = c.definition();
        Digest image = d.imageDigest();
        if (image == null) {
            throw noImage(c, "commit");
        }
        return images.commit(new ContainerCommit.Request(
                image,
                files.roots().changes(c),
                exclusions(c),
                execution(d),
                String.join(" ", d.process().arguments()),
                d.snapshotter() == null ? "" : d.snapshotter(),
                options,
                work -> {
                    frozen(c, options.pause(), user, work);
                    checkStillThere(c);
                },
                owners(c),
                user::warn));
    }

    private void frozen(ContainerRecord c, boolean pause, UserEnvironment user, Runnable work) {
        Optional<ContainerTask> frozen = pause && c.isRunning() ? freeze(c, user) : Optional.empty();
        try {
            work.run();
        } finally {
            frozen.ifPresent(t -> t.setPaused(false));
        }
    }

    /// The task when it was frozen by this call.
    private Optional<ContainerTask> freeze(ContainerRecord c, UserEnvironment user) {
        try {
            ContainerTask task = lifecycle.running(c);
            task.setPaused(true);
            return Optional.of(task);
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.UNSUPPORTED) {
                user.warn("the container goes on while its files are read: " + e.getMessage());
            }
            // else it ended, or is frozen already
            return Optional.empty();
        }
    }

    /// What the image would have to say to give this container: Docker's rule, the container's settings win.
    private static Execution execution(Definition d) {
        Execution image = d.image();
        ContainerSpec spec = d.spec();
        ContainerSpec.ProcessSpec p = spec.process();
        Map<String, String> env = new LinkedHashMap<>();
        for (List<String> from : List.of(image.env() == null ? List.<String>of() : image.env(), p.env())) {
            for (String variable : from) {
                int eq = variable.indexOf('=');
                env.put(eq < 0 ? variable : variable.substring(0, eq), eq < 0 ? "" : variable.substring(eq));
            }
        }
        Map<String, String> labels = new TreeMap<>(image.labels() == null ? Map.of() : image.labels());
        labels.putAll(spec.labels());
        boolean ownEntrypoint = p.entrypoint() != null;
        List<String> command = p.command();
        return new Execution(
                either(p.user(), image.user()),
                image.exposedPorts(),
                env.entrySet().stream().map(e -> e.getKey() + e.getValue()).toList(),
                ownEntrypoint ? p.entrypoint() : image.entrypoint(),
                command != null && !command.isEmpty() ? command : ownEntrypoint ? null : image.cmd(),
                image.volumes(),
                either(p.workdir(), image.workingDir()),
                labels,
                either(spec.lifecycle().stopSignal(), image.stopSignal()),
                image.argsEscaped(),
                image.healthcheck(),
                image.onBuild(),
                image.shell());
    }

    private static @Nullable String either(@Nullable String own, @Nullable String images) {
        return own == null || own.isEmpty() ? images : own;
    }

    private static Exclusions exclusions(ContainerRecord c) {
        List<String> points = new ArrayList<>(MOUNT_POINTS);
        c.definition().spec().mounts().stream().map(MountSpec::target).forEach(points::add);
        c.definition().spec().security().secrets().stream()
                .filter(s -> !s.variable())
                .map(SecretUse::target)
                .forEach(points::add);
        return new Exclusions(points);
    }

    private ContainerRecord withLayer(ContainerRecord c, String what) {
        if (c.definition().snapshotter() == null) {
            throw noImage(c, what);
        }
        checkStillThere(c);
        return c;
    }

    private static KelpException noImage(ContainerRecord c, String what) {
        return new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "cannot " + what + " container " + c.name()
                                + ": it was made from a root file system, not from an" + " image")
                .withHint("`kelp export` writes all of its files");
    }

    /// Files of a container with a user namespace of its own belong to other ids here than in it; an archive says
    /// those of the image.
    private static ShownOwners owners(ContainerRecord c) {
        return ShownOwners.in(c.definition().ids());
    }

    /// What was read of a container that is being removed may lack anything.
    private void checkStillThere(ContainerRecord c) {
        boolean there = records.byId(namespace, c.id())
                .filter(now -> now.run().phase() != Phase.REMOVING && now.run().phase() != Phase.CREATING)
                .isPresent();
        if (!there) {
            throw KelpException.notFound("container " + c.name() + " was removed meanwhile");
        }
    }
}
