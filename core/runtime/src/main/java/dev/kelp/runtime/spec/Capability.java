// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/// capabilities(7), in the order of their numbers.
public enum Capability {
    CAP_CHOWN,
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    CAP_FOWNER,
    CAP_FSETID,
    CAP_KILL,
    CAP_SETGID,
    CAP_SETUID,
    CAP_SETPCAP,
    CAP_LINUX_IMMUTABLE,
    CAP_NET_BIND_SERVICE,
    CAP_NET_BROADCAST,
    CAP_NET_ADMIN,
    CAP_NET_RAW,
    CAP_IPC_LOCK,
    CAP_IPC_OWNER,
    CAP_SYS_MODULE,
    CAP_SYS_RAWIO,
    CAP_SYS_CHROOT,
    CAP_SYS_PTRACE,
    CAP_SYS_PACCT,
    CAP_SYS_ADMIN,
    CAP_SYS_BOOT,
    CAP_SYS_NICE,
    CAP_SYS_RESOURCE,
    CAP_SYS_TIME,
    CAP_SYS_TTY_CONFIG,
    CAP_MKNOD,
    CAP_LEASE,
    CAP_AUDIT_WRITE,
    CAP_AUDIT_CONTROL,
    CAP_SETFCAP,
    CAP_MAC_OVERRIDE,
    CAP_MAC_ADMIN,
    CAP_SYSLOG,
    CAP_WAKE_ALARM,
    CAP_BLOCK_SUSPEND,
    CAP_AUDIT_READ,
    CAP_PERFMON,
    CAP_BPF,
    CAP_CHECKPOINT_RESTORE;

    /// What a container gets unless told otherwise: Docker's fourteen.
    public static final Set<Capability> DEFAULT = Set.copyOf(EnumSet.of(
            CAP_CHOWN,
            CAP_DAC_OVERRIDE,
            CAP_FSETID,
            CAP_FOWNER,
            CAP_MKNOD,
            CAP_NET_RAW,
            CAP_SETGID,
            CAP_SETUID,
            CAP_SETFCAP,
            CAP_SETPCAP,
            CAP_NET_BIND_SERVICE,
            CAP_SYS_CHROOT,
            CAP_KILL,
            CAP_AUDIT_WRITE));

    private static final String ALL = "ALL";

    /// The set after additions and removals, as Docker combines them: `ALL` in either list is everything, and the
    /// other list makes exceptions from it.
    ///
    /// @param privileged everything, whatever the lists say
    public static EnumSet<Capability> granted(boolean privileged, Collection<String> add, Collection<String> drop) {
        if (privileged) {
            return EnumSet.allOf(Capability.class);
        }
        boolean addAll = add.stream().anyMatch(Capability::isAll);
        boolean dropAll = drop.stream().anyMatch(Capability::isAll);
        EnumSet<Capability> set;
        if (addAll) {
            set = EnumSet.allOf(Capability.class);
        } else {
            set = dropAll ? EnumSet.noneOf(Capability.class) : EnumSet.copyOf(DEFAULT);
        }
        drop.stream().filter(n -> !isAll(n)).map(Capability::of).forEach(set::remove);
        add.stream().filter(n -> !isAll(n)).map(Capability::of).forEach(set::add);
        return set;
    }

    private static boolean isAll(String name) {
        return name.equalsIgnoreCase(ALL) || name.equalsIgnoreCase("CAP_ALL");
    }

    /// By name, with or without `CAP_`, in any case.
    public static Capability of(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        String full = upper.startsWith("CAP_") ? upper : "CAP_" + upper;
        return Stream.of(values())
                .filter(c -> c.name().equals(full))
                .findFirst()
                .orElseThrow(() -> unknown(name, full));
    }

    private static KelpException unknown(String name, String full) {
        Capability near = Stream.of(values())
                .min(Comparator.comparingInt(c -> distance(c.name(), full)))
                .orElseThrow();
        KelpException e = KelpException.invalid("`" + name + "` is not a capability");
        return distance(near.name(), full) <= 3
                ? e.withHint("did you mean " + near.name().substring(4) + "?")
                : e;
    }

    /// Levenshtein's distance.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
