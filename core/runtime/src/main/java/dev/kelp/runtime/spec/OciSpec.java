// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Resources;
import dev.kelp.model.container.Security;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.runtime.spec.ContainerMounts.OciMount;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The OCI runtime configuration (runtime-spec, `config.md` and `config-linux.md`) of a container.
public final class OciSpec {
    private static final List<String> MASKED = List.of(
            "/proc/asound",
            "/proc/acpi",
            "/proc/interrupts",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/sys/firmware",
            "/sys/devices/virtual/powercap");
    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");
    /// crun's annotation for a compiled filter.
    public static final String SECCOMP_ANNOTATION = "run.oci.seccomp_bpf_data";

    /// The word of `--group-add` for the user's own groups, and crun's annotation for it: they have no ids in here.
    public static final String KEEP_GROUPS = "keep-groups";

    private static final String KEEP_GROUPS_ANNOTATION = "run.oci.keep_original_groups";

    /// How long systemd waits for a container at the end of a session or of the machine; a first process that
    /// handles no signal would hold that up for a minute and a half.
    private static final String STOP_TIMEOUT_ANNOTATION = "org.systemd.property.TimeoutStopUSec";

    private static final int STOP_SECONDS_DEFAULT = 10;

    private static final int UMASK_DEFAULT = 0022;
    private static final String KERNEL = System.getProperty("os.version", "");

    private OciSpec() {}

    /// What was made.
    ///
    /// @param config the bytes of `config.json`
    /// @param process the first process as it will run
    /// @param seccompToCompile the profile's JSON when the configuration carries no compiled filter
    /// @param warnings what was asked for and is not done, a sentence each
    public record Generated(
            byte[] config, ProcessConfig process, Optional<String> seccompToCompile, List<String> warnings) {
        public Generated {
            warnings = List.copyOf(warnings);
        }
    }

    /// A process of a container: the first one, or one that is executed later.
    ///
    /// @param noNewPrivileges see prctl(2), PR_SET_NO_NEW_PRIVS
    /// @param oomScoreAdj null: inherited
    /// @param rows of the terminal, 0: unknown
    public record ProcessConfig(
            List<String> arguments,
            List<String> environment,
            String workdir,
            Users.Identity user,
            int umask,
            boolean terminal,
            int rows,
            int columns,
            EnumSet<Capability> capabilities,
            boolean noNewPrivileges,
            @Nullable String apparmor,
            @Nullable Integer oomScoreAdj,
            List<ResourceLimit> limits) {
        public ProcessConfig {
            arguments = List.copyOf(arguments);
            environment = List.copyOf(environment);
            limits = List.copyOf(limits);
        }

        /// The same with a terminal of this size.
        public ProcessConfig withSize(int height, int width) {
            return new ProcessConfig(
                    arguments,
                    environment,
                    workdir,
                    user,
                    umask,
                    terminal,
                    height,
                    width,
                    capabilities,
                    noNewPrivileges,
                    apparmor,
                    oomScoreAdj,
                    limits);
        }

        /// The `process` object alone, what `exec --process` takes.
        public byte[] json() {
            return SpecJson.process(this);
        }
    }

    /// @param name as in setrlimit(2) without `RLIMIT_`, lower case; −1: unlimited
    public record ResourceLimit(String name, long soft, long hard) {}

    /// Generates the configuration. Reads passwd, group and the working directory from the root file system (and
    /// makes
    /// the directory where it is missing), and writes the container's own files into its folder.
    ///
    /// @throws KelpException INVALID_ARGUMENT when the specification cannot be carried out
    public static Generated generate(SpecInputs in) {
        List<String> warnings = new ArrayList<>();
        ProcessConfig process;
        try (RootFiles root = new RootFiles(in.rootfs().toString())) {
            process = process(in, root, warnings);
            root.makeDirectories(
                    process.workdir(),
                    in.outerUid(process.user().uid()),
                    in.outerGid(process.user().gid()));
        }
        NetworkFiles.write(in);
        List<OciMount> mounts = ContainerMounts.of(in);
        String seccomp = seccomp(in, process);
        Map<String, String> annotations = new TreeMap<>(in.spec().annotations());
        if (in.spec().process().groups().contains(KEEP_GROUPS)) {
            annotations.put(KEEP_GROUPS_ANNOTATION, "1");
        }
        Integer patience = in.spec().lifecycle().stopTimeoutSeconds();
        int seconds = patience == null ? STOP_SECONDS_DEFAULT : patience;
        if (in.cgroups().driver() == CgroupAccess.Driver.SYSTEMD && seconds >= 0) {
            // it takes 0 for no limit
            long micros = TimeUnit.SECONDS.toMicros(Math.max(seconds, 1));
            annotations.putIfAbsent(STOP_TIMEOUT_ANNOTATION, "uint64 " + micros);
        }
        boolean compiled = seccomp == null || annotations.containsKey(SECCOMP_ANNOTATION);
        if (!compiled) {
            Optional<String> filter = in.compiledSeccomp().apply(seccomp);
            filter.ifPresent(f -> annotations.put(SECCOMP_ANNOTATION, f));
            compiled = filter.isPresent();
        }
        byte[] config = SpecJson.config(new SpecJson.Config(
                process, in, mounts, namespaces(in), sysctls(in), annotations, resources(in, warnings), seccomp));
        return new Generated(config, process, compiled ? Optional.empty() : Optional.ofNullable(seccomp), warnings);
    }

    /// The first process alone; with a specification that names another command, what `exec` starts.
    public static ProcessConfig process(SpecInputs in) {
        try (RootFiles root = new RootFiles(in.rootfs().toString())) {
            return process(in, root, new ArrayList<>());
        }
    }

    private static ProcessConfig process(SpecInputs in, RootFiles root, List<String> warnings) {
        ContainerSpec spec = in.spec();
        ContainerSpec.ProcessSpec asked = spec.process();
        String userSpec = asked.user() != null && !asked.user().isEmpty()
                ? asked.user()
                : in.image().user();
        List<String> groups =
                asked.groups().stream().filter(g -> !g.equals(KEEP_GROUPS)).toList();
        Users.Identity user = Users.of(root).resolve(userSpec, groups);
        checkMapped(in, user);
        List<String> arguments = ProcessParts.arguments(asked, in.image());
        if (spec.lifecycle().init()) {
            arguments = withInit(in, arguments);
        }
        String workdir = workdir(asked.workdir(), in.image().workingDir());
        List<String> environment = ProcessParts.environment(
                List.of(ProcessParts.kept(in.image().env(), asked.unsetEnv()), asked.env()),
                in.hostname(),
                asked.terminal(),
                user.home());
        Security security = spec.security();
        // as Docker's: su and sudo work, as nobody but the container's own users
        boolean noNewPrivileges = Boolean.TRUE.equals(security.noNewPrivileges());
        Map<String, String> ulimits =
                spec.resources().ulimits() == null ? Map.of() : spec.resources().ulimits();
        return new ProcessConfig(
                arguments,
                environment,
                workdir,
                user,
                asked.umask() != null ? asked.umask() : UMASK_DEFAULT,
                asked.terminal(),
                0,
                0,
                Capability.granted(security.privileged(), security.capabilitiesAdd(), security.capabilitiesDrop()),
                noNewPrivileges,
                Confinement.ofThisMachine().profile(security),
                oomScoreAdj(spec.resources(), warnings),
                ResourceLimits.own().forContainer(ulimits, warnings));
    }

    private static void checkMapped(SpecInputs in, Users.Identity user) {
        boolean groups = user.groups().stream().allMatch(in::mapsGid);
        if (in.mapsUid(user.uid()) && in.mapsGid(user.gid()) && groups) {
            return;
        }
        KelpException e = KelpException.invalid("run as " + user.uid() + ":" + user.gid()
                + ": this id (or one of its groups) does not exist in the user namespace");
        throw in.instance().singleId()
                ? e.withHint("this user has no subordinate ids: add a line for it to /etc/subuid and /etc/subgid")
                : e.withHint("a larger range in /etc/subuid and /etc/subgid would map it");
    }

    private static List<String> withInit(SpecInputs in, List<String> arguments) {
        if (in.initProgram() == null) {
            throw new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "run with an init: no catatonit, docker-init or static tini on this machine")
                    .withHint("apt-get install catatonit");
        }
        List<String> all = new ArrayList<>(List.of(ContainerMounts.INIT_TARGET, "--"));
        all.addAll(arguments);
        return all;
    }

    private static String workdir(@Nullable String asked, @Nullable String image) {
        String dir = asked != null && !asked.isEmpty() ? asked : image;
        if (dir == null || dir.isEmpty()) {
            return "/";
        }
        if (!dir.startsWith("/")) {
            if (asked != null && !asked.isEmpty()) {
                throw KelpException.invalid("the working directory `" + dir + "` is not absolute");
            }
            dir = "/" + dir;
        }
        return Path.of(dir).normalize().toString();
    }

    /// A process without CAP_SYS_RESOURCE in the initial namespace may raise its own value only (proc(5)).
    private static @Nullable Integer oomScoreAdj(Resources resources, List<String> warnings) {
        Integer asked = resources.oomScoreAdj();
        if (asked == null) {
            return null;
        }
        if (asked < -1000 || asked > 1000) {
            throw KelpException.invalid("oom score " + asked + " is not between −1000 and 1000");
        }
        int own = 0;
        try {
            own = Integer.parseInt(
                    Files.readString(Path.of("/proc/self/oom_score_adj")).trim());
        } catch (IOException | NumberFormatException e) {
            // 0 is what nearly every process has
        }
        if (asked < own) {
            warnings.add("an oom score of " + asked + " needs privilege: it stays " + own);
            return own;
        }
        return asked;
    }

    private static Map<String, String> namespaces(SpecInputs in) {
        Isolation isolation = in.spec().isolation();
        Map<String, String> all = new TreeMap<>();
        all.put("mount", "");
        if (in.ids() != null) {
            all.put("user", "");
        }
        addNamespace(all, in, "pid", isolation.pid());
        addNamespace(all, in, "ipc", isolation.ipc());
        addNamespace(all, in, "uts", isolation.uts());
        addNamespace(all, in, "cgroup", isolation.cgroupns());
        addNamespace(all, in, "network", isolation.network());
        return all;
    }

    private static void addNamespace(Map<String, String> all, SpecInputs in, String type, @Nullable String mode) {
        String path = in.joined().get(type);
        if (path != null) {
            all.put(type, path);
        } else if (!"host".equals(mode)) {
            all.put(type, "");
        }
    }

    private static Map<String, String> sysctls(SpecInputs in) {
        Isolation isolation = in.spec().isolation();
        return Sysctls.forContainer(
                isolation.sysctls(),
                in.ownNetwork(),
                !in.host(isolation.ipc(), "ipc"),
                !in.host(isolation.uts(), "uts"));
    }

    /// The limits that can be kept, null for none.
    private static @Nullable Resources resources(SpecInputs in, List<String> warnings) {
        Resources asked = in.spec().resources();
        UnmetLimits.refuse(asked, in.cgroups());
        warnings.addAll(UnmetLimits.of(asked, in.cgroups()));
        boolean limited = asked.needsCgroup() && in.cgroups().driver() != CgroupAccess.Driver.DISABLED;
        return limited ? UnmetLimits.kept(asked, in.cgroups()) : null;
    }

    /// Refuses what no container can have with these cgroups.
    ///
    /// @throws KelpException UNSUPPORTED for a limit that is not kept and that the user cannot do without
    public static void checkLimits(Resources asked, CgroupAccess cgroups) {
        UnmetLimits.refuse(asked, cgroups);
    }

    /// The limits that cannot be kept with these cgroups, a sentence each.
    public static List<String> unmetLimits(Resources asked, CgroupAccess cgroups) {
        return UnmetLimits.of(asked, cgroups);
    }

    /// The `resources` object alone, what `update --resources` takes.
    public static byte[] resourcesJson(Resources resources) {
        return SpecJson.resources(resources);
    }

    private static @Nullable String seccomp(SpecInputs in, ProcessConfig process) {
        Security security = in.spec().security();
        String asked = security.seccomp();
        boolean asks = in.seccompListener() != null;
        if ("unconfined".equals(asked) || (security.privileged() && asked == null)) {
            return asks ? SocketRules.asking(null).json() : null;
        }
        if (asked == null || asked.isEmpty()) {
            return SeccompProfile.defaultJson(process.capabilities(), asks);
        }
        SeccompProfile own = DockerSeccomp.parse(asked, process.capabilities(), KERNEL);
        return (asks ? SocketRules.asking(own) : own).json();
    }

    static List<String> maskedPaths(SpecInputs in) {
        List<String> paths = new ArrayList<>(unconfinedPaths(in) ? List.of() : shown(in, MASKED));
        paths.addAll(in.spec().security().masked());
        return paths;
    }

    static List<String> readOnlyPaths(SpecInputs in) {
        return unconfinedPaths(in) ? List.of() : shown(in, READ_ONLY);
    }

    private static List<String> shown(SpecInputs in, List<String> paths) {
        List<PathMatcher> unmasked = in.spec().security().unmasked().stream()
                .map(p -> FileSystems.getDefault().getPathMatcher("glob:" + p))
                .toList();
        return paths.stream()
                .filter(p -> unmasked.stream().noneMatch(u -> u.matches(Path.of(p))))
                .toList();
    }

    private static boolean unconfinedPaths(SpecInputs in) {
        return in.spec().security().privileged() || in.spec().security().systemPathsUnconfined();
    }
}
