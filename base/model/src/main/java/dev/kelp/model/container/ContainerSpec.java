// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
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
}
