// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.runtime.spec.SeccompProfile.Argument;
import dev.kelp.runtime.spec.SeccompProfile.Rule;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/// Kelp's own filter: the names are in `seccomp.rules`, rules on arguments are here.
final class DefaultSeccomp {
    private static final List<Line> LINES = read();

    /// Every flag of clone(2) that makes a namespace.
    private static final long[] NAMESPACE_FLAGS = {
        0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000
    };

    private static final long NAMESPACE_MASK = 0x7E02_0000;

    /// personality(2): Linux, 32-bit addresses on s390, uname 2.6, both, and the question for the present one.
    private static final long[] PERSONALITIES = {0x0, 0x8, 0x2_0000, 0x2_0008, 0xFFFF_FFFFL};

    /// Address families that a container has no use for, whose code is little looked at (AF_ALG, AF_VSOCK among
    /// them):
    /// DECnet, Econet, raw ATM, IrDA, WANPIPE, IUCV, CAIF, ALG, VSOCK.
    private static final Set<Integer> FAMILIES_REFUSED = Set.of(12, 19, 20, 23, 25, 34, 37, 38, 40);

    private static final int FAMILY_MAX = 45;

    private record Line(String keyword, String argument, List<String> names) {}

    private DefaultSeccomp() {}

    static SeccompProfile profile(Set<Capability> capabilities, Architecture architecture) {
        Set<String> allowed = new TreeSet<>();
        Set<String> refused = new TreeSet<>();
        for (Line line : LINES) {
            boolean allow = switch (line.keyword()) {
                case "allow" -> true;
                case "cap" -> capabilities.contains(Capability.valueOf(line.argument()));
                case "arch" -> List.of(line.argument().split(",")).stream().anyMatch(architecture.names()::contains);
                default -> false;
            };
            if (allow) {
                allowed.addAll(line.names());
            } else if (!line.keyword().equals("arch")) {
                refused.addAll(line.names());
            }
        }
        refused.removeAll(allowed);
        boolean namespaces = capabilities.contains(Capability.CAP_SYS_ADMIN);
        refused.removeAll(Set.of("clone", "clone3"));
        List<Rule> rules = new ArrayList<>();
        rules.add(Rule.allow(List.copyOf(allowed)));
        rules.add(Rule.refuse(List.copyOf(refused), SeccompProfile.EPERM));
        if (!namespaces) {
            addCloneRules(rules);
        }
        addSocketRules(rules);
        for (long value : PERSONALITIES) {
            rules.add(Rule.allowIf("personality", equal(value)));
        }
        return new SeccompProfile(SeccompProfile.ERRNO, SeccompProfile.ENOSYS, architecture.tables(), List.of(), rules);
    }

    /// clone3(2) hides its flags behind a pointer no filter can follow: ENOSYS makes the C library use clone(2).
    private static void addCloneRules(List<Rule> rules) {
        rules.add(Rule.allowIf("clone", new Argument(0, NAMESPACE_MASK, 0, "SCMP_CMP_MASKED_EQ")));
        for (long flag : NAMESPACE_FLAGS) {
            rules.add(Rule.refuseIf("clone", new Argument(0, flag, flag, "SCMP_CMP_MASKED_EQ")));
        }
        rules.add(Rule.refuse(List.of("clone3"), SeccompProfile.ENOSYS));
    }

    private static void addSocketRules(List<Rule> rules) {
        rules.add(Rule.allowIf("socket", new Argument(0, 12, 0, "SCMP_CMP_LT")));
        for (int family = 12; family <= FAMILY_MAX; family++) {
            rules.add(
                    FAMILIES_REFUSED.contains(family)
                            ? Rule.refuseIf("socket", equal(family))
                            : Rule.allowIf("socket", equal(family)));
        }
    }

    private static Argument equal(long value) {
        return new Argument(0, value, 0, "SCMP_CMP_EQ");
    }

    private static List<Line> read() {
        List<Line> lines = new ArrayList<>();
        try (InputStream in = DefaultSeccomp.class.getResourceAsStream("seccomp.rules")) {
            String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            for (String line : text.lines().toList()) {
                if (line.startsWith("#") || line.isBlank()) {
                    continue;
                }
                if (line.startsWith(" ")) {
                    Line open = lines.removeLast();
                    List<String> names = new ArrayList<>(open.names());
                    names.addAll(List.of(line.trim().split(" ")));
                    lines.add(new Line(open.keyword(), open.argument(), List.copyOf(names)));
                } else {
                    String[] words = line.split(" ", 2);
                    lines.add(new Line(words[0], words.length > 1 ? words[1] : "", List.of()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.copyOf(lines);
    }
}
