// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.volume;

import dev.kelp.engine.Volumes;
import dev.kelp.engine.local.volume.VolumeRecords.Row;
import dev.kelp.engine.local.volume.VolumeRecords.VolumeKey;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.NewVolume;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.LayerTarget;
import dev.kelp.snapshot.diff.Differ;
import dev.kelp.snapshot.diff.Exclusions;
import dev.kelp.snapshot.layer.LayerApplication;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The volumes of one namespace.
public final class LocalVolumes implements Volumes {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
    private static final long BENEATH = Inodes.RESOLVE_BENEATH | Inodes.RESOLVE_NO_SYMLINKS;

    private final String namespace;
    private final VolumeStore store;
    private final LayerApplication unpacking;

    public LocalVolumes(String namespace, VolumeStore store, LayerApplication unpacking) {
        this.namespace = namespace;
        this.store = store;
        this.unpacking = unpacking;
    }

    /// A name for a volume that nobody named.
    public static String newName() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public Volume create(@Nullable String name, NewVolume how) {
        String named = name == null || name.isEmpty() ? newName() : name;
        NewVolume made = named.equals(name) ? how : new NewVolume(how.driver(), how.options(), how.labels(), true);
        if (!store.make(namespace, named, made)) {
            NewVolume there = store.row(key(named)).how();
            if (!there.driver().equals(how.driver())
                    || (!how.options().isEmpty() && !there.options().equals(how.options()))) {
                throw new KelpException(
                                ErrorKind.ALREADY_EXISTS,
                                "a volume named " + named + " already exists with driver " + there.driver()
                                        + " and options " + there.options())
                        .withHint("choose another name, or remove it with `kelp volume rm " + named + "`");
            }
        }
        return inspect(named);
    }

    private VolumeKey key(String name) {
        return new VolumeKey(namespace, VolumeStore.checkName(name));
    }

    private Volume volume(Row row) {
        return new Volume(
                row.name(),
                row.how().driver(),
                row.created(),
                row.how().labels(),
                row.how().options(),
                store.data(new VolumeKey(row.namespace(), row.name())).toString(),
                row.how().anonymous(),
                row.containers());
    }

    @Override
    public List<Volume> list() {
        return store.records().all(namespace).stream().map(this::volume).toList();
    }

    @Override
    public Volume inspect(String name) {
        return volume(store.row(key(name)));
    }

    @Override
    public Optional<Volume> find(String name) {
        return store.records().find(key(name)).map(this::volume);
    }

    @Override
    public void remove(String name) {
        VolumeKey key = key(name);
        if (!store.remove(key)) {
            List<String> users = store.row(key).containers();
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION,
                    "remove " + name + ": volume is in use - [" + String.join(", ", users) + "]: failed precondition");
        }
    }

    @Override
    public Pruned prune(Predicate<Volume> which) {
        List<String> names = new ArrayList<>();
        long bytes = 0;
        for (Volume v : list()) {
            if (v.containers().isEmpty() && which.test(v)) {
                long size = sizeBytes(v.name());
                if (store.remove(key(v.name()))) {
                    names.add(v.name());
                    bytes += size;
                }
            }
        }
        return new Pruned(names, bytes);
    }

    @Override
    public long sizeBytes(String name) {
        VolumeKey key = key(name);
        store.row(key);
        long bytes = 0;
        Set<Long> linked = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of("."));
        try (Fd top = Inodes.open(store.data(key).toString(), DIRECTORY)) {
            while (!open.isEmpty()) {
                String folder = open.pop();
                try (Fd dir = Inodes.openResolved(top, folder, DIRECTORY, 0, BENEATH)) {
                    for (String child : Inodes.list(dir)) {
                        Stat stat = Inodes.stat(dir, child, Inodes.AT_SYMLINK_NOFOLLOW);
                        if (stat.isDirectory()) {
                            open.push(folder + "/" + child);
                        } else if (stat.links() < 2 || linked.add(stat.inode())) {
                            bytes += stat.sizeBytes();
                        }
                    }
                } catch (ErrnoException e) {
                    // a container works on it meanwhile
                    if (!e.is(Errno.ENOENT) && !e.is(Errno.ENOTDIR) && !e.is(Errno.ELOOP)) {
                        throw e;
                    }
                }
            }
            return bytes;
        } catch (ErrnoException e) {
            throw e.toKelp("measure the volume " + name);
        }
    }

    @Override
    public void export(String name, OutputStream out) {
        VolumeKey key = key(name);
        store.row(key);
        try (Fd data = Inodes.open(store.data(key).toString(), DIRECTORY)) {
            var _ = new Differ(Exclusions.NONE).writeTree(data, out);
        } catch (IOException e) {
            throw VolumeStore.failed("export the volume " + name, e);
        }
    }

    @Override
    public void load(String name, InputStream in) {
        VolumeKey key = key(name);
        store.row(key);
        var _ = unpacking.apply(
                in, MediaTypes.OCI_LAYER, new LayerTarget(store.data(key), LayerTarget.Deletions.REMOVE, List.of()));
    }
}
