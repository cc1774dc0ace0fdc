// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import dev.kelp.runtime.spec.SeccompProfile.Argument;
import dev.kelp.runtime.spec.SeccompProfile.Rule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes a profile ask a listener about sockets, for network acceleration: a container then has sockets of the host,
/// and no call may lead one to an address that was not looked at.
///
/// connect(2), bind(2) and listen(2) are asked about. Other ways to connect are closed: TCP Fast Open in the flags of
/// what sends, io_uring(7), and socketcall(2) of 32-bit programs, whose arguments no filter sees. Its rule
/// comes first: libseccomp takes rules for what it can do as covered by it, but not the other way round, and
/// its errno is none that a profile has as default, since a rule that says no more than that is left out.
final class SocketRules {
    private static final List<String> ASKED = List.of("connect", "bind", "listen");
    private static final List<String> RINGS = List.of("io_uring_setup", "io_uring_enter", "io_uring_register");
    private static final String SOCKETCALL = "socketcall";
    private static final long MSG_FASTOPEN = 0x2000_0000;
    private static final int EOPNOTSUPP = 95;

    /// What sends, and which of its arguments are the flags.
    private record Sending(String name, int flags) {}

    private static final List<Sending> SENDING =
            List.of(new Sending("sendto", 3), new Sending("sendmsg", 2), new Sending("sendmmsg", 3));

    private SocketRules() {}

    /// The same profile with the rules for sockets; what it forbids stays forbidden.
    ///
    /// @param profile null: everything is allowed
    /// @throws KelpException INVALID_ARGUMENT when it asks somebody already: a container has one listener
    static SeccompProfile asking(@Nullable SeccompProfile profile) {
        if (profile != null && profile.listenerPath() != null) {
            throw KelpException.invalid("the seccomp profile has a listener of its own (" + profile.listenerPath()
                    + "), and network acceleration needs to be it");
        }
        SeccompProfile p = profile != null
                ? profile
                : new SeccompProfile(
                        SeccompProfile.ALLOW, null, Architecture.host().tables(), List.of(), List.of());
        List<String> asked = ASKED.stream().filter(n -> allows(p, n)).toList();
        List<Sending> sending =
                SENDING.stream().filter(s -> allows(p, s.name())).toList();
        List<String> closed = new ArrayList<>(RINGS);
        closed.add(SOCKETCALL);
        Set<String> changed = new HashSet<>(asked);
        changed.addAll(closed);
        sending.forEach(s -> changed.add(s.name()));
        List<Rule> rules = new ArrayList<>(List.of(Rule.refuse(List.of(SOCKETCALL), EOPNOTSUPP)));
        for (Rule r : p.syscalls()) {
            List<String> kept =
                    r.names().stream().filter(n -> !changed.contains(n)).toList();
            if (!kept.isEmpty()) {
                rules.add(new Rule(kept, r.action(), r.errnoRet(), r.args()));
            }
        }
        if (!asked.isEmpty()) {
            rules.add(new Rule(asked, SeccompProfile.NOTIFY, null, List.of()));
        }
        for (Sending s : sending) {
            rules.add(Rule.allowIf(s.name(), new Argument(s.flags(), MSG_FASTOPEN, 0, "SCMP_CMP_MASKED_EQ")));
            rules.add(new Rule(
                    List.of(s.name()),
                    SeccompProfile.ERRNO,
                    EOPNOTSUPP,
                    List.of(new Argument(s.flags(), MSG_FASTOPEN, MSG_FASTOPEN, "SCMP_CMP_MASKED_EQ"))));
        }
        rules.add(Rule.refuse(RINGS, SeccompProfile.EPERM));
        return new SeccompProfile(p.defaultAction(), p.defaultErrnoRet(), p.architectures(), p.flags(), rules);
    }

    private static boolean allows(SeccompProfile p, String name) {
        List<Rule> about =
                p.syscalls().stream().filter(r -> r.names().contains(name)).toList();
        return about.isEmpty()
                ? p.defaultAction().equals(SeccompProfile.ALLOW)
                : about.stream()
                        .anyMatch(r -> r.action().equals(SeccompProfile.ALLOW)
                                && r.args().isEmpty());
    }
}
