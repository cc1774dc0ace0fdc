// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.volume;

import dev.kelp.engine.local.volume.VolumeRecords.VolumeKey;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.NewVolume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The directories of all volumes, and what a driver's options mount on them while a container runs.
public final class VolumeStore {
    /// The longest name: what a file system takes, less one for [FirstCopy].
    public static final int NAME_LENGTH_MAX = 254;

    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]*");
    private static final String DATA = "_data";
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;

    private final Path root;
    private final VolumeRecords records;
    private final Listener listener;
    private final Map<VolumeKey, ReentrantLock> locks = new ConcurrentHashMap<>();
    private final Map<VolumeKey, Set<String>> mounted = new ConcurrentHashMap<>();

    /// Is told of volumes.
    public interface Listener {
        /// @param action `create` or `destroy`
        void happened(VolumeKey key, String action, String driver);
    }

    public VolumeStore(Path dataRoot, VolumeRecords records, Listener listener) {
        this.listener = listener;
        this.root = dataRoot.resolve("volumes");
        this.records = records;
    }

    public VolumeRecords records() {
        return records;
    }

    /// Refuses what cannot be a volume's name.
    public static String checkName(String name) {
        if (name.length() > NAME_LENGTH_MAX || !NAME.matcher(name).matches()) {
            throw KelpException.invalid("invalid argument: `" + name + "` is not a volume's name")
                    .withHint("a letter or digit, then letters, digits, `_`, `.` and `-`, at most " + NAME_LENGTH_MAX);
        }
        return name;
    }

    Path data(VolumeKey key) {
        return folder(key).resolve(DATA);
    }

    private Path folder(VolumeKey key) {
        return root.resolve(key.namespace()).resolve(key.name());
    }

    private FirstCopy copies(String namespace) {
        return new FirstCopy(root.resolve(".copies").resolve(namespace));
    }

    <T> T locked(VolumeKey key, Supplier<T> work) {
        ReentrantLock lock = locks.computeIfAbsent(key, k -> new ReentrantLock());
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /// Makes a volume unless there is one of that name.
    ///
    /// @return whether it is new
    public boolean make(String namespace, String name, NewVolume how) {
        VolumeKey key = new VolumeKey(namespace, checkName(name));
        LocalDriver.check(how);
        return locked(key, () -> {
            if (records.find(key).isPresent()) {
                return false;
            }
            try {
                removeTree(key);
                Files.createDirectories(data(key));
            } catch (IOException e) {
                throw failed("make the volume " + name, e);
            }
            boolean made = records.insert(key, how);
            if (made) {
                listener.happened(key, "create", how.driver());
            }
            return made;
        });
    }

    /// Removes a volume that no container has; false when one has it.
    boolean remove(VolumeKey key) {
        return locked(key, () -> {
            if (!records.delete(key)) {
                return false;
            }
            destroyed(key);
            return true;
        });
    }

    /// What follows from a volume's row being gone: its directory goes, and who listens is told.
    public void destroyed(VolumeKey key) {
        listener.happened(key, "destroy", LocalDriver.NAME);
        removeFolder(key);
    }

    /// Removes the directory of a volume whose row is gone, unless there is a new one of that name.
    public void removeFolder(VolumeKey key) {
        locked(key, () -> {
            if (records.find(key).isEmpty()) {
                LocalDriver.unmount(data(key));
                try {
                    removeTree(key);
                } catch (IOException e) {
                    throw failed("remove the files of volume " + key.name(), e);
                }
            }
            return true;
        });
    }

    private void removeTree(VolumeKey key) throws IOException {
        Path parent = folder(key).getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            return;
        }
        try (Fd namespace = Inodes.open(parent.toString(), DIRECTORY)) {
            Inodes.removeTree(namespace, key.name());
        }
    }

    /// A volume as a container mounts it.
    ///
    /// @param path its directory here, or a path of the user's
    /// @param users whether `path` is the user's, so that it must be looked up as a bind's is
    /// @param options words that each mount of it has
    public record Source(Path path, boolean users, List<String> options) {}

    /// What to mount for a volume, without mounting anything yet.
    public Source source(String namespace, String name) {
        VolumeKey key = new VolumeKey(namespace, name);
        NewVolume how = row(key).how();
        return LocalDriver.boundPath(how)
                .map(p -> new Source(p, true, LocalDriver.boundOptions(how)))
                .orElseGet(() -> new Source(data(key), false, List.of()));
    }

    VolumeRecords.Row row(VolumeKey key) {
        return records.find(key)
                .orElseThrow(() -> KelpException.notFound("volume " + key.name() + " not found: no such volume"));
    }

    /// Mounts what the driver's options say for a container that is about to run; nothing for most volumes.
    public void use(String namespace, String name, String container) {
        VolumeKey key = new VolumeKey(namespace, name);
        NewVolume how = row(key).how();
        if (!LocalDriver.mounts(how)) {
            return;
        }
        locked(key, () -> {
            LocalDriver.mount(how, name, data(key));
            return mounted.computeIfAbsent(key, k -> new HashSet<>()).add(container);
        });
    }

    /// The container does not run any more: unmounts what it was the last to use.
    public void release(String namespace, String name, String container) {
        VolumeKey key = new VolumeKey(namespace, name);
        if (records.find(key).filter(r -> LocalDriver.mounts(r.how())).isEmpty()) {
            return;
        }
        locked(key, () -> {
            Set<String> users = mounted.computeIfAbsent(key, k -> new HashSet<>());
            users.remove(container);
            if (users.isEmpty() && !records.isUsedByRunning(key, container)) {
                LocalDriver.unmount(data(key));
            }
            return true;
        });
    }

    /// Fills an empty volume with what is in the image's place for it, unless its driver mounts something.
    ///
    /// @param durable whether that survives a power cut
    public void fill(String namespace, String name, Fd image, boolean durable) {
        VolumeKey key = new VolumeKey(namespace, name);
        locked(key, () -> {
            NewVolume how = row(key).how();
            if (LocalDriver.mounts(how) || LocalDriver.boundPath(how).isPresent()) {
                return false;
            }
            try (Fd data = Inodes.open(data(key).toString(), DIRECTORY)) {
                if (Inodes.list(data).isEmpty()) {
                    copies(namespace).copy(name, image, data(key), durable);
                }
                return true;
            } catch (IOException e) {
                throw failed("copy the image's files to volume " + name, e);
            }
        });
    }

    /// Gives the directory of an empty volume to the root of the container that is the first to use it.
    public void give(String namespace, String name, int uid, int gid) {
        if (uid < 0 || gid < 0 || !isEmpty(namespace, name)) {
            return;
        }
        try (Fd data = Inodes.open(data(new VolumeKey(namespace, name)).toString(), DIRECTORY)) {
            Inodes.chown(data, uid, gid);
        } catch (ErrnoException e) {
            throw e.toKelp("change the owner of volume " + name);
        }
    }

    /// Whether a fill would do something.
    public boolean isEmpty(String namespace, String name) {
        VolumeKey key = new VolumeKey(namespace, name);
        NewVolume how = row(key).how();
        if (LocalDriver.mounts(how) || LocalDriver.boundPath(how).isPresent()) {
            return false;
        }
        try (Fd data = Inodes.open(data(key).toString(), DIRECTORY)) {
            return Inodes.list(data).isEmpty();
        } catch (ErrnoException e) {
            throw e.toKelp("look into volume " + name);
        }
    }

    /// Finishes or undoes what an earlier daemon had begun. Before anything else uses the store.
    public void recover() {
        Set<VolumeKey> known = new HashSet<>(records.keys());
        try {
            for (String namespace : children(root)) {
                if (namespace.startsWith(".")) {
                    continue;
                }
                recoverCopies(namespace, known);
                for (String name : children(root.resolve(namespace))) {
                    VolumeKey key = new VolumeKey(namespace, name);
                    if (!known.contains(key)) {
                        removeFolder(key);
                    }
                }
            }
        } catch (IOException e) {
            throw failed("take up the volumes", e);
        }
    }

    private void recoverCopies(String namespace, Set<VolumeKey> known) throws IOException {
        FirstCopy copies = copies(namespace);
        for (String name : copies.recover()) {
            VolumeKey key = new VolumeKey(namespace, name);
            if (known.contains(key)) {
                copies.finish(name, data(key));
            } else {
                copies.drop(name);
            }
        }
    }

    private static List<String> children(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> String.valueOf(p.getFileName())).toList();
        }
    }

    static KelpException failed(String what, IOException e) {
        return e instanceof ErrnoException errno
                ? errno.toKelp("cannot " + what)
                : new KelpException(ErrorKind.INTERNAL, "cannot " + what + ": " + e.getMessage(), e);
    }
}
