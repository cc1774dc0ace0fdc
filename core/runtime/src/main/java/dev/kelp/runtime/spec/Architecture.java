// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.Platform;
import java.util.List;

/// What a seccomp filter must know of a machine.
///
/// @param tables the system call tables it runs, the native one first
/// @param names names that a rule for it may use, the machine's own first
record Architecture(List<String> tables, List<String> names) {
    static final Architecture AMD64 = new Architecture(
            List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"), List.of("amd64", "x86", "x32"));
    static final Architecture ARM64 =
            new Architecture(List.of("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"), List.of("arm64", "arm"));

    Architecture {
        tables = List.copyOf(tables);
        names = List.copyOf(names);
    }

    static Architecture host() {
        return Platform.host().architecture().equals("arm64") ? ARM64 : AMD64;
    }
}
