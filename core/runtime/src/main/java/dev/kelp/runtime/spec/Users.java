// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The users and groups of a container: passwd(5) and group(5) of its root file system. A line that does not parse is
/// skipped, as the C library does; the first of two equal names wins.
public final class Users {
    /// The largest id: −1 means "no change" to chown(2) and setuid(2).
    public static final long ID_MAX = 4_294_967_294L;

    /// Lines read of either file; more are not looked at.
    public static final int LINES_MAX = 100_000;

    private final List<User> users;
    private final List<Group> groups;

    record User(String name, long uid, long gid, String home) {}

    record Group(String name, long gid, List<String> members) {}

    /// Who a process runs as.
    ///
    /// @param groups supplementary ids, ascending. The primary one is among them: a set-group-id program would
    /// otherwise drop it, and with it what files deny to that group
    /// @param home the home directory, `/` for a user without a line in passwd
    public record Identity(long uid, long gid, List<Long> groups, String home, Optional<String> name) {
        public Identity {
            groups = List.copyOf(groups);
        }
    }

    private Users(List<User> users, List<Group> groups) {
        this.users = users;
        this.groups = groups;
    }

    /// Reads /etc/passwd and /etc/group of a root file system; either may be missing.
    public static Users of(RootFiles root) {
        return parse(
                root.read("/etc/passwd").orElse(new byte[0]),
                root.read("/etc/group").orElse(new byte[0]));
    }

    /// Parses the two files.
    public static Users parse(byte[] passwd, byte[] group) {
        List<User> users = new ArrayList<>();
        for (String[] f : lines(passwd, 7)) {
            long uid = id(f[2]);
            long gid = id(f[3]);
            if (uid >= 0 && gid >= 0) {
                users.add(new User(f[0], uid, gid, f[5]));
            }
        }
        List<Group> groups = new ArrayList<>();
        for (String[] f : lines(group, 4)) {
            long gid = id(f[2]);
            if (gid >= 0) {
                groups.add(new Group(f[0], gid, f[3].isEmpty() ? List.of() : List.of(f[3].split(","))));
            }
        }
        return new Users(users, groups);
    }

    private static List<String[]> lines(byte[] file, int fields) {
        List<String[]> found = new ArrayList<>();
        new String(file, StandardCharsets.UTF_8).lines().limit(LINES_MAX).forEach(line -> {
            String[] f = line.split(":", -1);
            if (f.length >= Math.min(fields, 4) && !f[0].isEmpty() && f[0].charAt(0) != '#') {
                String[] padded = Arrays.copyOf(f, fields);
                for (int i = f.length; i < fields; i++) {
                    padded[i] = "";
                }
                found.add(padded);
            }
        });
        return found;
    }

    /// −1 when it is no id.
    private static long id(String digits) {
        if (digits.isEmpty() || digits.length() > 10 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        long value = Long.parseLong(digits);
        return value <= ID_MAX ? value : -1;
    }

    /// Resolves `user[:group]` by names or numbers, and additional groups. A number needs no line in passwd; with
    /// only
    /// a user given, the primary group and the supplementary groups are those of its lines, as Docker does it.
    ///
    /// @param userSpec null or empty: root
    public Identity resolve(@Nullable String userSpec, Collection<String> additionalGroups) {
        String spec = userSpec == null ? "" : userSpec;
        int colon = spec.indexOf(':');
        String userPart = colon < 0 ? spec : spec.substring(0, colon);
        String groupPart = colon < 0 ? "" : spec.substring(colon + 1);
        Optional<User> user = userPart.isEmpty() ? byUid(0) : findUser(userPart);
        long uid = userPart.isEmpty() ? 0 : user.map(User::uid).orElseGet(() -> id(userPart));
        if (uid < 0) {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT, "no user `" + userPart + "` in /etc/passwd of the container");
        }
        long gid = groupPart.isEmpty() ? user.map(User::gid).orElse(0L) : gid(groupPart);
        TreeSet<Long> more = new TreeSet<>();
        if (groupPart.isEmpty() && user.isPresent()) {
            String name = user.get().name();
            groups.stream().filter(g -> g.members().contains(name)).forEach(g -> more.add(g.gid()));
        }
        additionalGroups.forEach(g -> more.add(gid(g)));
        more.add(gid);
        String home = user.map(User::home).filter(h -> h.startsWith("/")).orElse("/");
        return new Identity(uid, gid, List.copyOf(more), home, user.map(User::name));
    }

    /// The name of a user id.
    public Optional<String> name(long uid) {
        return byUid(uid).map(User::name);
    }

    private Optional<User> findUser(String nameOrId) {
        Optional<User> named = first(users, u -> u.name().equals(nameOrId));
        return named.isPresent() ? named : byUid(id(nameOrId));
    }

    /// Whether passwd has a line for this id.
    public boolean hasUid(long uid) {
        return byUid(uid).isPresent();
    }

    private Optional<User> byUid(long uid) {
        return first(users, u -> u.uid() == uid);
    }

    private long gid(String nameOrId) {
        Optional<Group> named = first(groups, g -> g.name().equals(nameOrId));
        long gid = named.map(Group::gid).orElseGet(() -> id(nameOrId));
        if (gid < 0) {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT, "no group `" + nameOrId + "` in /etc/group of the container");
        }
        return gid;
    }

    private static <T> Optional<T> first(List<T> list, Predicate<T> test) {
        return list.stream().filter(test).findFirst();
    }
}
