// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.flags.HealthFlags;
import dev.kelp.cli.flags.IdentityFlags;
import dev.kelp.cli.flags.IsolationFlags;
import dev.kelp.cli.flags.LifecycleFlags;
import dev.kelp.cli.flags.MountFlags;
import dev.kelp.cli.flags.NetworkFlags;
import dev.kelp.cli.flags.ProcessFlags;
import dev.kelp.cli.flags.ResourceFlags;
import dev.kelp.cli.flags.SecurityFlags;
import dev.kelp.cli.flags.SourceFlags;
import dev.kelp.cli.flags.SourceFlags.Pull;
import dev.kelp.cli.flags.StartFlags;
import dev.kelp.cli.flags.SystemdFlag;
import dev.kelp.cli.flags.UserNamespaceFlags;
import dev.kelp.cli.image.Locations;
import dev.kelp.cli.image.VerifyFlags;
import dev.kelp.cli.network.ConfiguredNetworks;
import dev.kelp.cli.progress.ProgressDisplay;
import dev.kelp.engine.Containers;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Progress;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.oci.ImageConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// The flags and the work that `run` and `create` share: fetch the image when it is missing, make the container.
public abstract class CreatingCommand extends KelpCommand {
    @Mixin
    ProcessFlags process = new ProcessFlags();

    @Mixin
    SourceFlags source = new SourceFlags();

    @Mixin
    VerifyFlags verify = new VerifyFlags();

    @Mixin
    IdentityFlags identity = new IdentityFlags();

    @Mixin
    MountFlags files = new MountFlags();

    @Mixin
    NetworkFlags network = new NetworkFlags();

    @Mixin
    IsolationFlags isolation = new IsolationFlags();

    @Mixin
    UserNamespaceFlags userNamespace = new UserNamespaceFlags();

    @Mixin
    SecurityFlags security = new SecurityFlags();

    @Mixin
    ResourceFlags resources = new ResourceFlags();

    @Mixin
    LifecycleFlags lifecycle = new LifecycleFlags();

    @Mixin
    SystemdFlag systemd = new SystemdFlag();

    @Mixin
    HealthFlags health = new HealthFlags();

    @Mixin
    StartFlags starting = new StartFlags();

    @Parameters(arity = "1..*", paramLabel = "IMAGE")
    List<String> words = new ArrayList<>();

    CreatingCommand() {}

    @Override
    public boolean endsFlags() {
        return true;
    }

    @Override
    public int errorCode() {
        return 125;
    }

    /// Makes the container.
    ///
    /// @return its id
    String create(Invocation call, boolean attachesStdin, boolean startsIt) {
        ClientContext client = call.client();
        systemd.check();
        String image = image(call, words.getFirst());
        String cidFile = identity.cidFile();
        if (cidFile != null && client.readFile(cidFile, 128).isPresent()) {
            throw new KelpException(ErrorKind.ALREADY_EXISTS, "the id file `" + cidFile + "` exists")
                    .withHint("it may belong to another container: remove the file or name another one");
        }
        if (network.namesNetworks()) {
            ConfiguredNetworks.takeUp(call);
        }
        ContainerSpec spec = new ContainerSpec(
                source.rootfs() ? null : image,
                source.rootfs() ? rootfs(client, image) : null,
                identity.name(),
                source.platform() == null ? null : String.valueOf(source.platform()),
                identity.labels(client),
                network.annotations(identity.annotations(), call.flags().acceleratesNetworks()),
                process.spec(client, words.subList(1, words.size()), attachesStdin),
                network.apply(isolation.spec(call.flags())).withUser(userNamespace.spec(call.flags())),
                security.spec(client, files.readOnly()),
                files.specs(client),
                files.volumesFrom(),
                resources.spec(client, call.flags()),
                health.addTo(starting.apply(client, lifecycle.spec(call.snapshotter()))),
                lifecycle.logging());
        spec = security.withCdiDevices(call, spec);
        if (!source.rootfs()) {
            fetch(call, image);
        }
        ContainerSpec asked = spec;
        spec = systemd.applied(spec, () -> program(call, asked));
        if (starting.replace()) {
            discardNamed(call, spec.name());
        }
        String id = createNamed(call, spec, startsIt);
        if (cidFile != null) {
            try {
                writeIdFile(client, cidFile, id);
            } catch (KelpException e) {
                call.containers().remove(id, true, true);
                throw e;
            }
        }
        return id;
    }

    /// The image's name; one among the user's files is loaded first.
    private String image(Invocation call, String word) {
        Optional<ImageLocation> location = source.rootfs() ? Optional.empty() : Locations.source(call.client(), word);
        if (location.isEmpty()) {
            return source.rootfs() ? word : Locations.withoutTransport(word);
        }
        List<Platform> platforms = source.platform() == null ? List.of() : List.of(source.platform());
        return Locations.loadOne(call, location.get(), new LoadOptions(platforms, false, true, call.snapshotter()));
    }

    /// What the container will run, by the flags or else by its image.
    private static List<String> program(Invocation call, ContainerSpec spec) {
        ImageConfig.Execution image = spec.image() == null
                ? ImageConfig.Execution.EMPTY
                : call.images().inspect(spec.image(), null).config().execution();
        List<String> entrypoint = spec.process().entrypoint();
        List<String> command = spec.process().command();
        if (entrypoint == null) {
            entrypoint = image.entrypoint();
            command = command == null || command.isEmpty() ? image.cmd() : command;
        }
        List<String> words = new ArrayList<>(Objects.requireNonNullElse(entrypoint, List.of()));
        words.addAll(Objects.requireNonNullElse(command, List.of()));
        return words;
    }

    /// For `--replace`.
    private static void discardNamed(Invocation call, @Nullable String name) {
        if (name == null) {
            throw KelpException.invalid("--replace needs --name: which container shall be replaced?");
        }
        try {
            call.containers().remove(name, true, true);
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
        }
    }

    private static String createNamed(Invocation call, ContainerSpec spec, boolean startsIt) {
        Containers containers = call.containers();
        try (ProgressDisplay progress = ProgressDisplay.onError(call.client())) {
            return startsIt
                    ? containers.createToStart(spec, call.client(), progress)
                    : containers.create(spec, call.client(), progress);
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.ALREADY_EXISTS
                    && spec.name() != null
                    && e.hint().isEmpty()) {
                throw e.withHint("remove it with `kelp rm " + spec.name() + "` or choose another --name");
            }
            throw e;
        }
    }

    private static String rootfs(ClientContext client, String directory) {
        return directory.startsWith("/") ? directory : client.workingDirectory() + "/" + directory;
    }

    private void fetch(Invocation call, String image) {
        Pull when = source.pull();
        Platform platform = source.platform();
        boolean signed = verify.isAsked();
        if (!signed && when != Pull.ALWAYS && isHere(call.images(), image, platform)) {
            return;
        }
        if (!signed && when == Pull.NEVER) {
            throw KelpException.notFound("image `" + image + "` is not here and --pull=never forbids to fetch it")
                    .withHint("fetch it with `kelp pull " + image + "`");
        }
        PullOptions options = new PullOptions(
                platform == null ? List.of() : List.of(platform), false, true, call.snapshotter(), call.registry());
        Consumer<Progress> work = progress -> {
            if (signed) {
                verify.pull(call, Reference.parse(image), options, when != Pull.NEVER, progress);
            } else {
                call.images().pull(Reference.parse(image), options, call.client(), progress);
            }
        };
        ClientContext client = call.client();
        if (source.quiet()) {
            work.accept(Progress.NONE);
            return;
        }
        try (ProgressDisplay progress = ProgressDisplay.onError(client)) {
            work.accept(progress);
        }
    }

    private static boolean isHere(Images images, String image, @Nullable Platform platform) {
        return images.find(image)
                .filter(i -> platform == null || i.platforms().stream().anyMatch(p -> platform.runs(p.platform())))
                .isPresent();
    }

    private static void writeIdFile(ClientContext client, String path, String id) {
        try (Fd fd = client.open(path, Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL, 0666);
                OutputStream out = Pipes.output(fd)) {
            out.write(id.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write the id to `" + path + "`: " + e.getMessage(), e);
        }
    }
}
