// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.NewVolume;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What is mounted into the container.
@Command(optionListHeading = "Files")
public final class MountFlags {
    @Option(
            names = {"-v", "--volume"},
            paramLabel = "[SOURCE:]TARGET[:OPTIONS]",
            description = "mount a path of yours (a missing one is made a directory) or a volume; ro, rro, rslave, U …")
    List<String> volumes = new ArrayList<>();

    @Option(
            names = "--mount",
            paramLabel = "KEY=VALUE,…",
            description = "type=bind|tmpfs|volume|image, source=, target=, readonly, bind-propagation=, tmpfs-size= …")
    List<String> mounts = new ArrayList<>();

    @Option(names = "--tmpfs", paramLabel = "TARGET[:OPTIONS]", description = "mount an empty tmpfs; size=, mode= …")
    List<String> tmpfs = new ArrayList<>();

    @Option(
            names = "--volumes-from",
            paramLabel = "CONTAINER[:OPTIONS]",
            description = "mount the volumes and binds of another container, too; ro makes them read-only")
    List<String> volumesFrom = new ArrayList<>();

    @Option(names = "--volume-driver", paramLabel = "DRIVER", description = "of volumes -v makes; local is the one")
    @Nullable
    String volumeDriver;

    @Option(
            names = "--read-only-tmpfs",
            description = "with --read-only: /tmp, /var/tmp and /run are empty tmpfs that can be written")
    boolean readOnlyTmpfs;

    @Option(names = "--read-only", description = "the root file system cannot be written")
    boolean readOnly;

    public boolean readOnly() {
        return readOnly;
    }

    /// The mounts, with the sources of binds opened by the client so that their device and inode are the user's.
    public List<MountSpec> specs(ClientContext client) {
        List<Volumes.Parsed> parsed = new ArrayList<>();
        volumes.forEach(v -> parsed.add(withDriver(Volumes.volume(v))));
        mounts.forEach(m -> parsed.add(Volumes.mount(m)));
        tmpfs.forEach(t -> parsed.add(Volumes.tmpfs(t)));
        Map<String, MountSpec> byTarget = new LinkedHashMap<>();
        for (Volumes.Parsed p : parsed) {
            MountSpec spec = p.spec().type().equals("bind") ? bind(client, p) : p.spec();
            if (byTarget.putIfAbsent(spec.target(), spec) != null) {
                throw KelpException.invalid("two mounts on `" + spec.target() + "`");
            }
        }
        if (readOnly && readOnlyTmpfs) {
            for (String target : List.of("/tmp", "/var/tmp", "/run")) {
                byTarget.putIfAbsent(
                        target, Volumes.tmpfs(target + ":mode=1777").spec());
            }
        }
        return List.copyOf(byTarget.values());
    }

    public List<String> volumesFrom() {
        return volumesFrom;
    }

    /// False when certainly nothing is mounted with `U`; asking the engine would cost every container a moment.
    public boolean mayGive() {
        // what other containers mount may be so although nobody says it here
        return !volumesFrom.isEmpty()
                || Stream.of(volumes, mounts)
                        .flatMap(List::stream)
                        .anyMatch(m -> m.contains("U") || m.contains("chown"));
    }

    private Volumes.Parsed withDriver(Volumes.Parsed p) {
        MountSpec m = p.spec();
        if (volumeDriver == null || !m.type().equals("volume")) {
            return p;
        }
        NewVolume how = new NewVolume(volumeDriver, Map.of(), Map.of(), false);
        return new Volumes.Parsed(
                new MountSpec(m.type(), m.source(), m.target(), m.options(), null, null, how, m.subpath()),
                p.createSource());
    }

    private static MountSpec bind(ClientContext client, Volumes.Parsed parsed) {
        MountSpec spec = parsed.spec();
        String source = absolute(client, String.valueOf(spec.source()));
        try (Fd fd = open(client, source, parsed.createSource())) {
            Stat stat = Inodes.stat(fd);
            return new MountSpec(spec.type(), source, spec.target(), spec.options(), stat.device(), stat.inode());
        } catch (ErrnoException e) {
            throw e.toKelp("look at the source of the mount `" + source + "`");
        }
    }

    private static Fd open(ClientContext client, String source, boolean create) {
        try {
            return client.open(source, Inodes.O_PATH, 0);
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e.within("open the source of the mount `" + source + "`");
            }
            if (!create) {
                throw KelpException.notFound("the source of the mount `" + source + "` does not exist")
                        .withHint("make it first, or use -v, which makes a directory");
            }
            client.makeDirectories(source, 0777);
            return client.open(source, Inodes.O_PATH, 0);
        }
    }

    /// Absolute, without `.`, `..` and doubled slashes (as Go's filepath.Abs, links are not looked at).
    static String absolute(ClientContext client, String path) {
        String full = path.startsWith("/") ? path : client.workingDirectory() + "/" + path;
        if (!full.startsWith("/")) {
            throw KelpException.invalid(
                    "`" + path + "` is relative, and your working directory does not exist any more");
        }
        Deque<String> parts = new ArrayDeque<>();
        for (String part : full.split("/")) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }
}
