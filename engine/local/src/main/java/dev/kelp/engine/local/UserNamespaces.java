// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMapping;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.UserNamespace;
import dev.kelp.rootless.Instance;
import dev.kelp.rootless.SubordinateIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Works out the id maps of containers with a user namespace of their own. It is made inside the engine's, so `outside`
/// are ids of the engine's namespace, in which 0 is the user.
///
/// @param instance the engine's own maps
record UserNamespaces(Instance instance) {
    /// Ids of a container with `auto`, unless told otherwise.
    private static final long AUTO_SIZE = 1024;

    /// @param self the user's own ids in the container, for `keep-id`
    record Settled(IdMaps maps, Optional<Self> self) {}

    /// Who the user is in the container.
    record Self(long uid, long gid) {}

    /// The maps for what was asked.
    ///
    /// @param taken the maps of containers whose ids no other may get
    Settled settle(UserNamespace asked, List<IdMaps> taken) {
        Settled settled = maps(asked, taken);
        if (settled.maps().uids().stream().noneMatch(m -> m.outside() == 0)) {
            // its root cannot pass the user's own folders (0700), below which everything of the container lies
            throw new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "a container's user namespace without the user's own id (id 0 of the engine's) is not there"
                                    + " yet: its root could not reach the container's files")
                    .withHint("use --userns=keep-id, or a map that has the id 0, such as --uidmap 0:1:1000 --uidmap"
                            + " 1000:0:1");
        }
        return settled;
    }

    private Settled maps(UserNamespace asked, List<IdMaps> taken) {
        if (asked.mode() == null) {
            return new Settled(given(asked), Optional.empty());
        }
        int colon = asked.mode().indexOf(':');
        String mode = colon < 0 ? asked.mode() : asked.mode().substring(0, colon);
        Map<String, Long> options =
                colon < 0 ? Map.of() : options(asked.mode(), asked.mode().substring(colon + 1));
        long uids = size(instance.uids());
        long gids = size(instance.gids());
        if (uids < 2 || gids < 2) {
            throw KelpException.invalid("a user namespace needs subordinate ids, and this user has none")
                    .withHint("add a line for it to /etc/subuid and /etc/subgid");
        }
        return switch (mode) {
            case "keep-id" -> {
                long uid = options.getOrDefault("uid", (long) instance.hostUid());
                long gid = options.getOrDefault("gid", (long) instance.hostGid());
                yield new Settled(new IdMaps(keep(uid, uids), keep(gid, gids)), Optional.of(new Self(uid, gid)));
            }
            case "nomap" ->
                new Settled(
                        new IdMaps(List.of(new IdMapping(0, 1, uids - 1)), List.of(new IdMapping(0, 1, gids - 1))),
                        Optional.empty());
            default ->
                new Settled(
                        auto(options.getOrDefault("size", AUTO_SIZE), Math.min(uids, gids), taken), Optional.empty());
        };
    }

    private static Map<String, Long> options(String mode, String text) {
        Map<String, Long> options = new HashMap<>();
        List<String> known = mode.startsWith("auto") ? List.of("size") : List.of("uid", "gid");
        for (String option : text.split(",", -1)) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : option.substring(equals + 1);
            if (!known.contains(key) || !value.matches("[0-9]{1,10}") || Long.parseLong(value) >= IdMapping.ID_MAX) {
                throw KelpException.invalid("invalid --userns `" + mode + "`: `" + option + "`")
                        .withHint("known are " + String.join("=N, ", known) + "=N");
            }
            options.put(key, Long.parseLong(value));
        }
        return options;
    }

    private static long size(List<IdMapping> maps) {
        return maps.stream().mapToLong(IdMapping::count).sum();
    }

    /// `id` inside is the user, 0 outside; the others follow each other.
    private static List<IdMapping> keep(long id, long count) {
        List<IdMapping> maps = new ArrayList<>();
        long below = Math.min(id, count - 1);
        if (below > 0) {
            maps.add(new IdMapping(0, 1, below));
        }
        maps.add(new IdMapping(id, 0, 1));
        if (count - 1 - below > 0) {
            maps.add(new IdMapping(id + 1, below + 1, count - 1 - below));
        }
        return maps;
    }

    private static IdMaps auto(long size, long available, List<IdMaps> taken) {
        if (size < 1) {
            throw KelpException.invalid("--userns=auto with no ids");
        }
        long start = 1;
        List<IdMapping> used = taken.stream()
                .flatMap(m -> m.uids().stream())
                .sorted(Comparator.comparingLong(IdMapping::outside))
                .toList();
        for (IdMapping m : used) {
            if (start + size <= m.outside()) {
                break;
            }
            start = Math.max(start, m.outside() + m.count());
        }
        if (start + size > available) {
            throw KelpException.invalid("no " + size + " ids are left for --userns=auto: " + available
                            + " are there, and other containers have some")
                    .withHint("remove a container made so, or ask for fewer: --userns=auto:size=N");
        }
        List<IdMapping> map = List.of(new IdMapping(0, start, size));
        return new IdMaps(map, map);
    }

    private IdMaps given(UserNamespace asked) {
        List<IdMapping> uids = asked.subUidName() != null
                ? subordinate("/etc/subuid", asked.subUidName(), instance.uids())
                : lines("--uidmap", asked.uidMaps(), instance.uids());
        String groups = asked.subGidName() != null ? asked.subGidName() : asked.subUidName();
        List<IdMapping> gids = groups != null
                ? subordinate("/etc/subgid", groups, instance.gids())
                : asked.gidMaps().isEmpty() ? List.of() : lines("--gidmap", asked.gidMaps(), instance.gids());
        IdMaps maps = new IdMaps(uids.isEmpty() ? gids : uids, gids.isEmpty() ? uids : gids);
        checkInside("--uidmap", maps.uids(), instance::mapsUid);
        checkInside("--gidmap", maps.gids(), instance::mapsGid);
        return maps;
    }

    private interface Mapped {
        boolean has(long id);
    }

    private static void checkInside(String flag, List<IdMapping> maps, Mapped engine) {
        for (IdMapping m : maps) {
            if (!engine.has(m.outside()) || !engine.has(m.outside() + m.count() - 1)) {
                throw KelpException.invalid("invalid " + flag + " " + m.inside() + ":" + m.outside() + ":" + m.count()
                                + ": the engine's own namespace lacks some of these ids")
                        .withHint("`kelp info` shows which there are");
            }
            for (IdMapping o : maps.subList(maps.indexOf(m) + 1, maps.size())) {
                if (overlap(m.inside(), o.inside(), m, o) || overlap(m.outside(), o.outside(), m, o)) {
                    throw KelpException.invalid(
                            flag + ": the lines for " + m.inside() + " and " + o.inside() + " overlap");
                }
            }
        }
    }

    private static boolean overlap(long a, long b, IdMapping m, IdMapping o) {
        return a < b + o.count() && b < a + m.count();
    }

    private List<IdMapping> lines(String flag, List<String> texts, List<IdMapping> engine) {
        List<IdMapping> maps = new ArrayList<>();
        for (String text : texts) {
            String[] f = text.split(":", -1);
            boolean host = f.length > 1 && f[1].startsWith("@");
            if (host) {
                f[1] = f[1].substring(1);
            }
            if (f.length < 2 || f.length > 3 || !Arrays.stream(f).allMatch(n -> n.matches("[0-9]{1,10}"))) {
                throw KelpException.invalid("invalid " + flag + " `" + text + "`: expected CONTAINER:FROM[:COUNT]");
            }
            long from = Long.parseLong(f[1]);
            long count = f.length == 3 ? Long.parseLong(f[2]) : 1;
            maps.add(new IdMapping(Long.parseLong(f[0]), host ? engineId(from, text, engine) : from, count));
        }
        return maps;
    }

    private static long engineId(long host, @Nullable String text, List<IdMapping> engine) {
        for (IdMapping m : engine) {
            if (host >= m.outside() && host - m.outside() < m.count()) {
                return m.inside() + host - m.outside();
            }
        }
        throw KelpException.invalid("`" + text + "`: the id " + host + " of this machine is not one of this user's");
    }

    private static List<IdMapping> subordinate(String file, String name, List<IdMapping> engine) {
        try {
            List<IdMapping> maps = new ArrayList<>();
            long next = 0;
            for (SubordinateIds.Range r : SubordinateIds.read(Path.of(file), name, -1)) {
                maps.add(new IdMapping(next, engineId(r.first(), name, engine), r.count()));
                next += r.count();
            }
            if (maps.isEmpty()) {
                throw KelpException.notFound("no ids for `" + name + "` in " + file);
            }
            return maps;
        } catch (IOException e) {
            throw KelpException.notFound("cannot read " + file + ": " + e.getMessage());
        }
    }
}
