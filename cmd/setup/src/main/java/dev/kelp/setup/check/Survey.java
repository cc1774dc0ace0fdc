// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.List;
import java.util.stream.Stream;

/// All checks, in the order in which trouble is best solved.
///
/// @param ready whether containers can run: no finding is an error
public record Survey(boolean ready, List<Finding> checks) {
    private static List<Check> all() {
        NamespaceChecks namespaces = new NamespaceChecks();
        return Stream.concat(
                        Stream.<Check>of(
                                KernelChecks::version,
                                namespaces::userNamespaces,
                                IdChecks::subordinateIds,
                                namespaces::overlay,
                                CgroupChecks::hierarchy,
                                CgroupChecks::delegation,
                                SessionChecks::runtimeDirectory,
                                SessionChecks::serviceManager,
                                SessionChecks::lingering,
                                StorageCheck::look),
                        Stream.concat(
                                ProgramChecks.all().stream(),
                                Stream.of(
                                        KernelChecks::tun,
                                        KernelChecks::fuse,
                                        KernelChecks::seccompNotify,
                                        SecurityModules::look,
                                        SettingChecks::ping,
                                        SettingChecks::ports)))
                .toList();
    }

    public Survey {
        checks = List.copyOf(checks);
    }

    public static Survey of(Machine machine) {
        List<Finding> findings = all().stream().map(c -> c.look(machine)).toList();
        return new Survey(findings.stream().noneMatch(f -> f.state() == Finding.State.ERROR), findings);
    }

    /// The finding of that name.
    public Finding named(String name) {
        return checks.stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no check is called " + name));
    }
}
