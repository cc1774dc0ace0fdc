// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.Platform;
import java.util.List;

/// What a seccomp filter must know of a machine: its name in profiles, and the system call tables it runs.
enum Architecture {
    AMD64(List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"), List.of("amd64", "x86", "x32")),
    ARM64(List.of("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"), List.of("arm64", "arm"));

    private final List<String> tables;
    private final List<String> names;

    Architecture(List<String> tables, List<String> names) {
        this.tables = tables;
        this.names = names;
    }

    static Architecture host() {
        return Platform.host().architecture().equals("arm64") ? ARM64 : AMD64;
    }

    /// The native table first.
    List<String> tables() {
        return tables;
    }

    /// Names that a profile's `arches` may use for it. Docker compares with the machine's own name only.
    List<String> names() {
        return names;
    }
}
