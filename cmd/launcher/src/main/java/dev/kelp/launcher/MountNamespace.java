// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Mounts;
import dev.kelp.linux.Namespaces;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The namespaces the command joins, furnished.
final class MountNamespace {
    private static final String CGROUPS = "/sys/fs/cgroup";
    private static final Map<String, Long> PROPAGATIONS = Map.of(
            "private",
            Mounts.MS_PRIVATE,
            "rprivate",
            Mounts.MS_PRIVATE | Mounts.MS_REC,
            "shared",
            Mounts.MS_SHARED,
            "rshared",
            Mounts.MS_SHARED | Mounts.MS_REC,
            "slave",
            Mounts.MS_SLAVE,
            "rslave",
            Mounts.MS_SLAVE | Mounts.MS_REC);

    private final Settings settings;
    private final StateDirectory state;
    private final Console console;

    MountNamespace(Settings settings, StateDirectory state, Console console) {
        this.settings = settings;
        this.state = state;
        this.console = console;
    }

    /// Makes them, in the order in which they are to be joined; the caller's.
    ///
    /// @param network the one that is not the host's
    List<Fd> make(Optional<DetachedNamespace> network) {
        Set<Namespaces.Kind> kinds = EnumSet.of(Namespaces.Kind.MOUNT);
        add(kinds, Flag.UTSNS, Namespaces.Kind.UTS);
        add(kinds, Flag.IPCNS, Namespaces.Kind.IPC);
        add(kinds, Flag.CGROUPNS, Namespaces.Kind.CGROUP);
        Fd joined =
                settings.detached() ? null : network.map(DetachedNamespace::fd).orElse(null);
        try {
            List<Fd> made = Namespaces.create(kinds, joined, () -> furnish(network));
            evacuate(made);
            return made;
        } catch (ErrnoException e) {
            throw e.toKelp("prepare the namespaces");
        } catch (IOException e) {
            throw KelpException.invalid("prepare the namespaces: " + e);
        }
    }

    /// After the cgroup namespace was made, whose root is the group that is left, and outside of it, where that
    /// group's
    /// path is known.
    private void evacuate(List<Fd> made) throws IOException {
        if (settings.evacuate().isEmpty()) {
            return;
        }
        try {
            CgroupEvacuation.run(settings.evacuate(), console);
        } catch (IOException e) {
            made.forEach(Fd::close);
            throw e;
        }
    }

    private void add(Set<Namespaces.Kind> kinds, Flag flag, Namespaces.Kind kind) {
        if (settings.on(flag)) {
            kinds.add(kind);
        }
    }

    /// Runs in the new namespaces.
    private void furnish(Optional<DetachedNamespace> network) throws IOException {
        Long propagation = PROPAGATIONS.get(settings.propagation());
        if (propagation != null) {
            Mounts.mount("none", "/", null, propagation, null);
        }
        if (settings.detached() && network.isPresent()) {
            Path file = Files.createFile(state.file("netns"));
            Mounts.mount(network.get().fd().procPath(), file.toString(), null, Mounts.MS_BIND, null);
        }
        boolean etcIsCopied = false;
        for (String folder : settings.copyUp()) {
            Path path = Path.of(folder).normalize();
            try {
                CopyUp.apply(path);
            } catch (IOException e) {
                throw new IOException("copy up " + path + ": " + e.getMessage(), e);
            }
            etcIsCopied |= path.equals(Path.of("/etc"));
        }
        if (network.isPresent() && !settings.detached()) {
            mountSysfs();
            if (!settings.net().equals("none")) {
                NetworkFiles.mount(state, etcIsCopied, console);
            }
        } else if (!settings.evacuate().isEmpty()) {
            Mounts.mount("none", CGROUPS, "tmpfs", 0, null);
            Mounts.mount("none", CGROUPS, "cgroup2", 0, null);
        }
    }

    /// /sys/class/net shows the namespace in which sysfs was mounted. The hierarchy of cgroups stays what it is.
    private void mountSysfs() throws IOException {
        Fd cgroups = null;
        try {
            if (settings.evacuate().isEmpty() && Files.isDirectory(Path.of(CGROUPS))) {
                cgroups = Mounts.cloneTree(Fd.CWD, CGROUPS, true);
            }
            try {
                Mounts.mount("none", "/sys", "sysfs", 0, null);
            } catch (ErrnoException e) {
                // in a container whose /sys is read-only it may be mounted read-only at most
                console.warn("mount sysfs: " + e.getMessage() + "; trying read-only");
                Mounts.mount("none", "/sys", "sysfs", Mounts.MS_RDONLY, null);
            }
            if (cgroups != null) {
                Mounts.attach(cgroups, Fd.CWD, CGROUPS);
            } else if (!settings.evacuate().isEmpty()) {
                Mounts.mount("none", CGROUPS, "cgroup2", 0, null);
            }
        } catch (ErrnoException e) {
            console.warn("mount sysfs: " + e.getMessage() + "; /sys stays the host's");
        } finally {
            if (cgroups != null) {
                cgroups.close();
            }
        }
    }
}
