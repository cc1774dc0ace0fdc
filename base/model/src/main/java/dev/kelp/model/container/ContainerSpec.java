// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.oci.ImageConfig;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// All that `create` fixes for a container. Null means "what the image says" or "the default".
///
/// @param image the reference or id as typed; null with `rootfs`
/// @param rootfs a directory used as the root file system instead of an image; `/` is the throw-away view of this
/// machine
/// @param name the container's name; null: one is made up
/// @param platform `os/arch[/variant]` asked for
/// @param labels labels set on the container, the image's not included
/// @param annotations OCI annotations
/// @param volumesFrom `CONTAINER[:ro|rw]`: containers whose volumes and binds are mounted here too
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ContainerSpec(
        @Nullable String image,
        @Nullable String rootfs,
        @Nullable String name,
        @Nullable String platform,
        Map<String, String> labels,
        Map<String, String> annotations,
        ProcessSpec process,
        Isolation isolation,
        Security security,
        List<MountSpec> mounts,
        List<String> volumesFrom,
        Resources resources,
        Lifecycle lifecycle,
        Logging logging) {

    public ContainerSpec {
        labels = labels == null ? Map.of() : Map.copyOf(labels);
        annotations = annotations == null ? Map.of() : Map.copyOf(annotations);
        process = process == null ? ProcessSpec.EMPTY : process;
        isolation = isolation == null ? Isolation.DEFAULT : isolation;
        security = security == null ? Security.DEFAULT : security;
        mounts = mounts == null ? List.of() : List.copyOf(mounts);
        volumesFrom = volumesFrom == null ? List.of() : List.copyOf(volumesFrom);
        resources = resources == null ? Resources.NONE : resources;
        lifecycle = lifecycle == null ? Lifecycle.DEFAULT : lifecycle;
        logging = logging == null ? Logging.DEFAULT : logging;
    }

    /// One that takes no other container's volumes.
    public ContainerSpec(
            @Nullable String image,
            @Nullable String rootfs,
            @Nullable String name,
            @Nullable String platform,
            Map<String, String> labels,
            Map<String, String> annotations,
            ProcessSpec process,
            Isolation isolation,
            Security security,
            List<MountSpec> mounts,
            Resources resources,
            Lifecycle lifecycle,
            Logging logging) {
        this(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                mounts,
                List.of(),
                resources,
                lifecycle,
                logging);
    }

    /// A container of an image with everything else at its default.
    public static ContainerSpec ofImage(String image) {
        return new ContainerSpec(
                image,
                null,
                null,
                null,
                Map.of(),
                Map.of(),
                ProcessSpec.EMPTY,
                Isolation.DEFAULT,
                Security.DEFAULT,
                List.of(),
                List.of(),
                Resources.NONE,
                Lifecycle.DEFAULT,
                Logging.DEFAULT);
    }

    public ContainerSpec withProcess(UnaryOperator<ProcessSpec> change) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                change.apply(process),
                isolation,
                security,
                mounts,
                volumesFrom,
                resources,
                lifecycle,
                logging);
    }

    public ContainerSpec withName(String newName) {
        return new ContainerSpec(
                image,
                rootfs,
                newName,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                mounts,
                volumesFrom,
                resources,
                lifecycle,
                logging);
    }

    public ContainerSpec withMounts(List<MountSpec> newMounts) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                newMounts,
                volumesFrom,
                resources,
                lifecycle,
                logging);
    }

    /// One that has these other containers' mounts besides its own.
    public ContainerSpec withVolumesFrom(List<String> containers) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                mounts,
                containers,
                resources,
                lifecycle,
                logging);
    }

    public ContainerSpec withIsolation(Isolation newIsolation) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                newIsolation,
                security,
                mounts,
                volumesFrom,
                resources,
                lifecycle,
                logging);
    }

    public ContainerSpec withSecurity(Security newSecurity) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                newSecurity,
                mounts,
                resources,
                lifecycle,
                logging);
    }

    public ContainerSpec withResources(Resources newResources) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                mounts,
                newResources,
                lifecycle,
                logging);
    }

    public ContainerSpec withLifecycle(Lifecycle newLifecycle) {
        return new ContainerSpec(
                image,
                rootfs,
                name,
                platform,
                labels,
                annotations,
                process,
                isolation,
                security,
                mounts,
                resources,
                newLifecycle,
                logging);
    }

    /// The first process.
    ///
    /// @param command words after the image; null: the image's Cmd (none when an entrypoint is given)
    /// @param entrypoint null: the image's; empty: none
    /// @param env `NAME=value` in order, later wins; values are complete (the client has looked up bare names)
    /// @param user `name|uid[:group|gid]`
    /// @param workdir absolute path; made when it is missing
    /// @param terminal a pseudo-terminal is its stdio
    /// @param openStdin standard input stays open for attached clients
    /// @param stdinOnce standard input ends when the first client that attached it goes
    /// @param groups supplementary groups by name or number
    /// @param umask null: 0022
    /// @param unsetEnv names of the image's variables that are left out; `*`: all of them
    /// @param timezone a name of the machine's time zone database (`Europe/Paris`) or `local`, for /etc/localtime
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record ProcessSpec(
            @Nullable List<String> command,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            List<String> entrypoint,

            List<String> env,
            @Nullable String user,
            @Nullable String workdir,
            boolean terminal,
            boolean openStdin,
            boolean stdinOnce,
            List<String> groups,
            @Nullable Integer umask,
            List<String> unsetEnv,
            @Nullable String timezone) {
        public static final ProcessSpec EMPTY =
                new ProcessSpec(null, null, List.of(), null, null, false, false, false, List.of(), null);

        public ProcessSpec {
            env = env == null ? List.of() : List.copyOf(env);
            groups = groups == null ? List.of() : List.copyOf(groups);
            unsetEnv = unsetEnv == null ? List.of() : List.copyOf(unsetEnv);
        }

        /// With the image's variables and time zone.
        public ProcessSpec(
                @Nullable List<String> command,
                @Nullable List<String> entrypoint,
                List<String> env,
                @Nullable String user,
                @Nullable String workdir,
                boolean terminal,
                boolean openStdin,
                boolean stdinOnce,
                List<String> groups,
                @Nullable Integer umask) {
            this(
                    command,
                    entrypoint,
                    env,
                    user,
                    workdir,
                    terminal,
                    openStdin,
                    stdinOnce,
                    groups,
                    umask,
                    List.of(),
                    null);
        }

        public ProcessSpec withCommand(List<String> words) {
            return new ProcessSpec(
                    words,
                    entrypoint,
                    env,
                    user,
                    workdir,
                    terminal,
                    openStdin,
                    stdinOnce,
                    groups,
                    umask,
                    unsetEnv,
                    timezone);
        }

        public ProcessSpec withUser(String ids) {
            return new ProcessSpec(
                    command,
                    entrypoint,
                    env,
                    ids,
                    workdir,
                    terminal,
                    openStdin,
                    stdinOnce,
                    groups,
                    umask,
                    unsetEnv,
                    timezone);
        }

        public ProcessSpec withEnv(List<String> words) {
            return new ProcessSpec(
                    command,
                    entrypoint,
                    words,
                    user,
                    workdir,
                    terminal,
                    openStdin,
                    stdinOnce,
                    groups,
                    umask,
                    unsetEnv,
                    timezone);
        }
    }

    /// A device of the host: rootless it is a bind mount of its node.
    public record DeviceSpec(String hostPath, String containerPath, String permissions) {}

    /// A mount besides those every container has.
    ///
    /// @param type `bind`, `tmpfs`, `volume` or `image`
    /// @param source a host path (absolute), a volume's name or an image; null for tmpfs and anonymous volumes
    /// @param target absolute path in the container
    /// @param options mount(8) words: `ro`, `rw`, `rro`, `nosuid`, `rslave`, `rprivate`, `U`, `size=64m`,
    ///     `mode=1777` …
    /// @param device device number of `source` as the client saw it (`major:minor`), null when it is not a bind
    /// @param inode inode of `source` as the client saw it
    /// @param volume how a volume that is not there is made; null: as is usual
    /// @param subpath the part of the volume or image that is mounted, relative; null: all of it
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record MountSpec(
            String type,
            @Nullable String source,
            String target,
            List<String> options,
            @Nullable String device,
            @Nullable Long inode,
            @Nullable NewVolume volume,
            @Nullable String subpath) {
        public MountSpec {
            options = options == null ? List.of() : List.copyOf(options);
        }

        public MountSpec(
                String type,
                @Nullable String source,
                String target,
                List<String> options,
                @Nullable String device,
                @Nullable Long inode) {
            this(type, source, target, options, device, inode, null, null);
        }
    }

    /// Start and end.
    ///
    /// @param autoRemove removed when it has ended (`--rm`)
    /// @param stopSignal name or number; null: the image's, else SIGTERM
    /// @param stopTimeoutSeconds null: 10
    /// @param restart `no`, `always`, `on-failure[:N]`, `unless-stopped`; null: no
    /// @param init a small init (`catatonit` or `tini`) is pid 1
    /// @param runtime `crun`, `runc` or an absolute path; null: the instance's default
    /// @param snapshotter `overlayfs`, `native`; null: the instance's default
    /// @param initBinary the init on the host, null: the one found there
    /// @param timeoutSeconds it is killed after so long, 0: never
    /// @param pidFile a path of the user's that takes the first process' pid at each start she asks for
    /// @param removeImage its image goes with it unless others use it (`--rmi`)
    /// @param health what replaces the image's health check, field by field (`Test` of `NONE`: no check); null:
    /// nothing
    /// @param healthOnFailure what becoming unhealthy leads to: `none`, `kill`, `restart`, `stop`; null: none
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Lifecycle(
            boolean autoRemove,
            @Nullable String stopSignal,
            @Nullable Integer stopTimeoutSeconds,
            @Nullable String restart,
            boolean init,
            @Nullable String runtime,
            @Nullable String snapshotter,
            @Nullable String initBinary,
            long timeoutSeconds,
            @Nullable String pidFile,
            boolean removeImage,
            ImageConfig.@Nullable Healthcheck health,
            @Nullable String healthOnFailure) {
        public static final Lifecycle DEFAULT = new Lifecycle(false, null, null, null, false, null, null);

        public Lifecycle(
                boolean autoRemove,
                @Nullable String stopSignal,
                @Nullable Integer stopTimeoutSeconds,
                @Nullable String restart,
                boolean init,
                @Nullable String runtime,
                @Nullable String snapshotter) {
            this(
                    autoRemove,
                    stopSignal,
                    stopTimeoutSeconds,
                    restart,
                    init,
                    runtime,
                    snapshotter,
                    null,
                    0,
                    null,
                    false,
                    null,
                    null);
        }

        public Lifecycle withRestart(@Nullable String policy) {
            return new Lifecycle(
                    autoRemove,
                    stopSignal,
                    stopTimeoutSeconds,
                    policy,
                    init,
                    runtime,
                    snapshotter,
                    initBinary,
                    timeoutSeconds,
                    pidFile,
                    removeImage,
                    health,
                    healthOnFailure);
        }

        public Lifecycle withoutInit() {
            return new Lifecycle(
                    autoRemove,
                    stopSignal,
                    stopTimeoutSeconds,
                    restart,
                    false,
                    runtime,
                    snapshotter,
                    null,
                    timeoutSeconds,
                    pidFile,
                    removeImage,
                    health,
                    healthOnFailure);
        }
    }

    /// Where output goes: driver `json-file` (the default) and `local` are kept here, `none` nowhere, `journald`,
    /// `syslog` and `fluentd` are kept here and sent on.
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Logging(String driver, Map<String, String> options) {
        public static final Logging DEFAULT = new Logging("json-file", Map.of());

        public Logging {
            driver = driver == null || driver.isEmpty() ? "json-file" : driver;
            options = options == null ? Map.of() : Map.copyOf(options);
        }
    }
}
