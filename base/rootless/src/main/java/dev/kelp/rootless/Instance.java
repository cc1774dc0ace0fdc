// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// One Kelp of one user: its folders and id maps, as the holder told the daemon (`native/PROTOCOL.md`, section 4).
///
/// @param dataRoot what must survive a reboot: blobs, snapshots, metadata, logs
/// @param runRoot what must not: sockets, bundles, monitors' files
/// @param installRoot the installed tree this daemon runs from
/// @param hostUid the user's id outside the namespace; 0 for real root, who is never a container's root all the same
/// @param home the user's home as the environment of the client that made the holder had it; seen from here, `HOME` is
/// not the user's business
/// @param launcher the variables that whoever started the holder set for RootlessKit
/// (`CONTAINERD_ROOTLESS_ROOTLESSKIT_…`), or that a service set later
/// @param uids the lines of the user namespace's map, `outside` being ids of the host
public record Instance(
        Path dataRoot,
        Path runRoot,
        Path installRoot,
        int hostUid,
        int hostGid,
        Optional<Path> home,
        Map<String, String> launcher,
        List<IdMapping> uids,
        List<IdMapping> gids) {
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final String LAUNCHER_PREFIX = "CONTAINERD_ROOTLESS_ROOTLESSKIT_";

    public Instance {
        launcher = Map.copyOf(launcher);
        uids = List.copyOf(uids);
        gids = List.copyOf(gids);
    }

    /// Of a user whose home is not known.
    public Instance(
            Path dataRoot,
            Path runRoot,
            Path installRoot,
            int hostUid,
            int hostGid,
            List<IdMapping> uids,
            List<IdMapping> gids) {
        this(dataRoot, runRoot, installRoot, hostUid, hostGid, Optional.empty(), Map.of(), uids, gids);
    }

    /// Reads the `KELP_*` variables that the holder sets, and RootlessKit's that it passes on.
    public static Instance of(Map<String, String> environment) {
        Path runRoot = Path.of(required(environment, "KELP_RUN_ROOT"));
        return new Instance(
                Path.of(required(environment, "KELP_DATA_ROOT")),
                runRoot,
                Path.of(required(environment, "KELP_ROOT")),
                Integer.parseInt(required(environment, "KELP_HOST_UID")),
                Integer.parseInt(required(environment, "KELP_HOST_GID")),
                Optional.ofNullable(environment.get("HOME"))
                        .filter(home -> home.startsWith("/"))
                        .map(home -> Path.of(home).normalize()),
                handedOver(runRoot)
                        .orElseGet(() -> environment.entrySet().stream()
                                .filter(e -> e.getKey().startsWith(LAUNCHER_PREFIX))
                                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue))),
                maps(required(environment, "KELP_IDS")),
                maps(required(environment, "KELP_GIDS")));
    }

    /// What a service that took the engine over while containers ran has left in `RUN/environment`: lines
    /// `NAME=value`, which stand in the place of the variables the holder was started with, for those cannot
    /// change.
    private static Optional<Map<String, String>> handedOver(Path runRoot) {
        Path file = runRoot.resolve("environment");
        try (InputStream in = Files.newInputStream(file)) {
            String text = new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
            return Optional.of(text.lines()
                    .filter(line -> line.startsWith(LAUNCHER_PREFIX))
                    .map(line -> line.split("=", 2))
                    .filter(pair -> pair.length == 2)
                    .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (first, second) -> second)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// Whether only the user's own id is mapped: files of images then all belong to it and chown is a no-op.
    public boolean singleId() {
        return uids.size() == 1 && uids.getFirst().count() == 1;
    }

    /// Whether a process with this id can exist in the namespace.
    public boolean mapsUid(long uid) {
        return contains(uids, uid);
    }

    public boolean mapsGid(long gid) {
        return contains(gids, gid);
    }

    private static boolean contains(List<IdMapping> maps, long id) {
        return maps.stream().anyMatch(m -> id >= m.inside() && id - m.inside() < m.count());
    }

    private static List<IdMapping> maps(String text) {
        List<IdMapping> maps = new ArrayList<>();
        for (String line : text.split(",")) {
            String[] n = line.trim().split("\\s+");
            if (n.length != 3) {
                throw KelpException.invalid("`" + line + "` is not a line of an id map");
            }
            maps.add(new IdMapping(Long.parseLong(n[0]), Long.parseLong(n[1]), Long.parseLong(n[2])));
        }
        return maps;
    }

    private static String required(Map<String, String> environment, String name) {
        String value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw KelpException.invalid(name + " is not set").withHint("the daemon is started by `kelp`, not by hand");
        }
        return value;
    }
}
