// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.DeviceSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Security;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The mounts of a container, in the order they are made.
final class ContainerMounts {
    static final String INIT_TARGET = "/dev/init";

    private static final Path ZONES = Path.of("/usr/share/zoneinfo");
    private static final long SHM_BYTES_DEFAULT = 64L << 20;
    private static final Set<String> PROPAGATION =
            Set.of("private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable");

    /// Words of Docker's command line that mean nothing to the kernel, or that the engine has acted on.
    private static final Set<String> DROPPED = Set.of(
            "z",
            "Z",
            "U",
            "cached",
            "delegated",
            "consistent",
            "nocopy",
            "copy",
            "tmpcopyup",
            "notmpcopyup",
            "idmap",
            "bind-create-src",
            "no-dereference");

    /// Not every machine mounts it.
    private static final Path MQUEUE = Path.of("/dev/mqueue");

    private final SpecInputs in;
    private final Map<String, OciMount> mounts = new LinkedHashMap<>();

    record OciMount(String type, String source, String target, List<String> options) {}

    private ContainerMounts(SpecInputs in) {
        this.in = in;
    }

    static List<OciMount> of(SpecInputs in) {
        ContainerMounts all = new ContainerMounts(in);
        all.addSystem();
        all.addOwnFiles();
        all.addTimezone();
        all.addDevices();
        in.mounts().stream()
                .sorted((a, b) -> Integer.compare(depth(a.target()), depth(b.target())))
                .forEach(all::addAsked);
        return new ArrayList<>(all.mounts.values());
    }

    private static int depth(String target) {
        return Path.of(target).normalize().getNameCount();
    }

    /// A later mount on the same target replaces the earlier and is made in its own turn.
    private void add(String type, String source, String target, List<String> options) {
        mounts.remove(target);
        mounts.put(target, new OciMount(type, source, target, options));
    }

    private void addSystem() {
        Isolation isolation = in.spec().isolation();
        boolean privileged = in.spec().security().privileged();
        if (in.host(isolation.pid(), "pid")) {
            // procfs of a pid namespace this user namespace does not own cannot be mounted
            add("bind", "/proc", "/proc", List.of("rbind", "nosuid", "noexec", "nodev"));
        } else {
            add("proc", "proc", "/proc", List.of("nosuid", "noexec", "nodev"));
        }
        add("tmpfs", "tmpfs", "/dev", List.of("nosuid", "strictatime", "mode=755", "size=65536k"));
        List<String> pts = new ArrayList<>(List.of("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
        if (in.mapsGid(5)) {
            pts.add("gid=5");
        }
        add("devpts", "devpts", "/dev/pts", pts);
        addIpc(isolation);
        addSys(privileged);
        List<String> cgroup = new ArrayList<>(List.of("nosuid", "noexec", "nodev", "relatime"));
        if (!privileged && !in.spec().security().writableCgroups()) {
            cgroup.add("ro");
        }
        add("cgroup", "cgroup", "/sys/fs/cgroup", cgroup);
    }

    private void addIpc(Isolation isolation) {
        if (in.host(isolation.ipc(), "ipc")) {
            add("bind", "/dev/shm", "/dev/shm", List.of("rbind", "nosuid", "noexec", "nodev"));
            if (Files.isDirectory(MQUEUE)) {
                add("bind", MQUEUE.toString(), "/dev/mqueue", List.of("rbind", "nosuid", "noexec", "nodev"));
            }
            return;
        }
        long shm = in.spec().resources().shmSizeBytes();
        if (!"none".equals(isolation.ipc())) {
            add(
                    "tmpfs",
                    "shm",
                    "/dev/shm",
                    List.of("nosuid", "noexec", "nodev", "mode=1777", "size=" + (shm > 0 ? shm : SHM_BYTES_DEFAULT)));
        }
        add("mqueue", "mqueue", "/dev/mqueue", List.of("nosuid", "noexec", "nodev"));
    }

    /// sysfs shows the network namespace's devices and may be mounted only by its owner; with the host's network
    /// (or
    /// somebody else's) the sysfs that is there is shown, read-only with all below it.
    private void addSys(boolean privileged) {
        boolean ownNet = in.ownNetwork();
        List<String> options = new ArrayList<>(List.of("nosuid", "noexec", "nodev"));
        if (ownNet) {
            options.add(privileged ? "rw" : "ro");
            add("sysfs", "sysfs", "/sys", options);
        } else {
            options.addAll(List.of("rbind", "rslave"));
            options.add(privileged ? "rw" : "rro");
            add("bind", "/sys", "/sys", options);
        }
    }

    private void addOwnFiles() {
        List<String> options = List.of("bind", "rprivate");
        for (String name : List.of(NetworkFiles.HOSTS, NetworkFiles.HOSTNAME, NetworkFiles.RESOLV_CONF)) {
            add("bind", in.folder().resolve(name).toString(), "/etc/" + name, options);
        }
        Path init = in.initProgram();
        if (in.spec().lifecycle().init() && init != null) {
            add("bind", init.toString(), INIT_TARGET, List.of("bind", "ro", "nosuid", "nodev"));
        }
    }

    private void addTimezone() {
        String zone = in.spec().process().timezone();
        if (zone == null) {
            return;
        }
        Path file = zone.equals("local")
                ? Path.of("/etc/localtime")
                : ZONES.resolve(zone).normalize();
        if (!zone.equals("local") && (!file.startsWith(ZONES) || !Files.isRegularFile(file))) {
            throw KelpException.invalid("`" + zone + "` is no time zone of this machine (/usr/share/zoneinfo)");
        }
        add("bind", file.toString(), "/etc/localtime", List.of("bind", "ro", "nosuid", "nodev", "noexec"));
    }

    private void addDevices() {
        Security security = in.spec().security();
        if (security.privileged() && !security.withoutHostDevices()) {
            for (String node : HostDevices.usable()) {
                add("bind", node, node, List.of("bind", "nosuid", "noexec"));
            }
        }
        for (DeviceSpec d : in.spec().security().devices()) {
            List<String> options = new ArrayList<>(List.of("bind", "nosuid", "noexec"));
            if (!d.permissions().isEmpty() && !d.permissions().contains("w")) {
                options.add("ro");
            }
            add("bind", d.hostPath(), absolute(d.containerPath()), options);
        }
    }

    private void addAsked(MountSpec m) {
        String target = absolute(m.target());
        switch (m.type()) {
            case "bind" -> {
                String source = m.source();
                if (source == null || !source.startsWith("/")) {
                    throw KelpException.invalid("the bind mount on " + target + " has no absolute source");
                }
                add("bind", source, target, bindOptions(isFile(source) ? with(m.options(), "bind") : m.options()));
            }
            case "tmpfs" -> add("tmpfs", "tmpfs", target, tmpfsOptions(m.options()));
            default ->
                throw KelpException.invalid("the mount on " + target + " has the unknown type `" + m.type() + "`");
        }
    }

    /// Nothing is mounted below a file; crun 1.8 takes a recursive read-only mount for one of a directory.
    private static boolean isFile(String source) {
        Path path = Path.of(source);
        return Files.exists(path) && !Files.isDirectory(path);
    }

    private static List<String> with(List<String> words, String more) {
        List<String> all = new ArrayList<>(words);
        all.add(more);
        return all;
    }

    private static String absolute(String target) {
        if (!target.startsWith("/") || Path.of(target).normalize().getNameCount() == 0) {
            throw KelpException.invalid("`" + target + "` is not a place in a container to mount on");
        }
        return Path.of(target).normalize().toString();
    }

    static List<String> bindOptions(List<String> words) {
        List<String> options = new ArrayList<>();
        boolean recursive = !words.contains("bind") && !words.contains("bind-nonrecursive");
        boolean writable = words.contains("bind-recursive=writable");
        options.add(recursive ? "rbind" : "bind");
        if (words.stream().noneMatch(PROPAGATION::contains)) {
            options.add("rprivate");
        }
        for (String word : words) {
            if (word.equals("bind-recursive=readonly") || (word.equals("ro") && recursive && !writable)) {
                // as Docker's since 25: what is mounted below it is read-only, too
                options.add("rro");
            } else if (!DROPPED.contains(word)
                    && !Set.of("bind", "rbind", "bind-nonrecursive", "rw").contains(word)
                    && !word.startsWith("bind-recursive")
                    && !word.startsWith("idmap=")) {
                options.add(word);
            }
        }
        return options;
    }

    /// Docker's defaults, each undone by its opposite.
    static List<String> tmpfsOptions(List<String> words) {
        List<String> options = new ArrayList<>();
        if (words.stream().noneMatch(w -> w.startsWith("mode="))) {
            options.add("mode=1777");
        }
        for (String safe : List.of("noexec", "nosuid", "nodev")) {
            if (!words.contains(safe.substring(2)) && !words.contains(safe)) {
                options.add(safe);
            }
        }
        words.stream().filter(w -> !w.isEmpty() && !DROPPED.contains(w)).forEach(options::add);
        return options;
    }

    /// The propagation the container's root must have so that shared and slave mounts below it work.
    static String rootPropagation(List<OciMount> mounts) {
        boolean shared = mounts.stream()
                .anyMatch(m -> m.options().contains("shared") || m.options().contains("rshared"));
        boolean slave = mounts.stream()
                .anyMatch(m -> m.options().contains("slave") || m.options().contains("rslave"));
        if (shared) {
            return "rshared";
        }
        return slave ? "rslave" : "";
    }
}
