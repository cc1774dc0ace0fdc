// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

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

    /// What a `--userns` says after its colon.
    ///
    /// @param numbers `size`, `uid`, `gid`
    /// @param uids lines that the map has in any case, as of `--uidmap`
    private record Options(Map<String, Long> numbers, List<String> uids, List<String> gids) {
        long number(String name, long otherwise) {
            return numbers.getOrDefault(name, otherwise);
        }
    }

    /// The maps for what was asked.
    ///
    /// @param taken the maps of containers whose ids no other may get
    /// @param ids how many the container needs at least
    Settled settle(UserNamespace asked, List<IdMaps> taken, long ids) {
        if (asked.mode() == null) {
            return new Settled(given(asked), Optional.empty());
        }
        int colon = asked.mode().indexOf(':');
        String mode = colon < 0 ? asked.mode() : asked.mode().substring(0, colon);
        Options options =
                options(asked.mode(), mode, colon < 0 ? "" : asked.mode().substring(colon + 1));
        long uids = size(instance.uids());
        long gids = size(instance.gids());
        if (uids < 2 || gids < 2) {
            throw KelpException.invalid("a user namespace needs subordinate ids, and this user has none")
                    .withHint("add a line for it to /etc/subuid and /etc/subgid");
        }
        return switch (mode) {
            case "keep-id" -> {
                long uid = options.number("uid", instance.hostUid());
                long gid = options.number("gid", instance.hostGid());
                yield new Settled(new IdMaps(keep(uid, uids), keep(gid, gids)), Optional.of(new Self(uid, gid)));
            }
            case "nomap" ->
                new Settled(
                        new IdMaps(List.of(new IdMapping(0, 1, uids - 1)), List.of(new IdMapping(0, 1, gids - 1))),
                        Optional.empty());
            default -> new Settled(auto(options, taken, ids), Optional.empty());
        };
    }

    private static Options options(String whole, String mode, String text) {
        Options options = new Options(new HashMap<>(), new ArrayList<>(), new ArrayList<>());
        List<String> known = switch (mode) {
            case "auto" -> List.of("size", "uidmapping", "gidmapping");
            case "keep-id" -> List.of("uid", "gid");
            default -> List.of();
        };
        for (String option : text.isEmpty() ? List.<String>of() : List.of(text.split(",", -1))) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : option.substring(equals + 1);
            if (known.contains(key) && key.endsWith("mapping")) {
                (key.equals("uidmapping") ? options.uids : options.gids).add(value);
                continue;
            }
            if (!known.contains(key) || !value.matches("[0-9]{1,10}") || Long.parseLong(value) >= IdMapping.ID_MAX) {
                throw KelpException.invalid("invalid --userns `" + whole + "`: `" + option + "`")
                        .withHint(
                                known.isEmpty() ? mode + " takes no options" : "known are " + String.join(", ", known));
            }
            options.numbers.put(key, Long.parseLong(value));
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

    private IdMaps auto(Options options, List<IdMaps> taken, long ids) {
        long size = options.number("size", Math.max(AUTO_SIZE, ids));
        if (size < 1) {
            throw KelpException.invalid("--userns=auto with no ids");
        }
        List<IdMapping> uids = lines("uidmapping", options.uids, instance.uids());
        List<IdMapping> gids = lines("gidmapping", options.gids, instance.gids());
        List<IdMapping> takenUids =
                taken.stream().flatMap(m -> m.uids().stream()).toList();
        List<IdMapping> takenGids =
                taken.stream().flatMap(m -> m.gids().stream()).toList();
        return checked(new IdMaps(
                AutoIds.fill(size, size(instance.uids()), uids, takenUids),
                AutoIds.fill(size, size(instance.gids()), gids, takenGids)));
    }

    private IdMaps given(UserNamespace asked) {
        List<IdMapping> uids = asked.subUidName() != null
                ? subordinate("/etc/subuid", asked.subUidName(), instance.uids())
                : lines("--uidmap", asked.uidMaps(), instance.uids());
        String groups = asked.subGidName() != null ? asked.subGidName() : asked.subUidName();
        List<IdMapping> gids = groups != null
                ? subordinate("/etc/subgid", groups, instance.gids())
                : asked.gidMaps().isEmpty() ? List.of() : lines("--gidmap", asked.gidMaps(), instance.gids());
        return checked(new IdMaps(uids.isEmpty() ? gids : uids, gids.isEmpty() ? uids : gids));
    }

    private IdMaps checked(IdMaps maps) {
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
