// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Programs of the distribution that Kelp runs.
final class ProgramChecks {
    private ProgramChecks() {}

    static Finding runtimes(Machine machine) {
        String name = "runtime";
        String found = versions(machine, "crun", "runc");
        if (found.isEmpty()) {
            return Finding.error(name, "neither crun nor runc is installed", Remedy.packages("crun"));
        }
        return machine.program("conmon")
                .map(p -> Finding.ok(name, found + ", " + machine.version(p)))
                .orElseGet(
                        () -> Finding.error(name, found + ", but conmon is not installed", Remedy.packages("conmon")));
    }

    static Finding networkDriver(Machine machine) {
        String name = "network driver";
        String found = versions(machine, "slirp4netns", "pasta", "vpnkit", "gvproxy");
        return found.isEmpty()
                ? Finding.warning(
                        name,
                        "none of slirp4netns, pasta, vpnkit and gvproxy is installed: containers have no way out",
                        Remedy.packages("slirp4netns"))
                : Finding.ok(name, found);
    }

    static Finding firewall(Machine machine) {
        return present(machine, "nft", "nftables", "no container networks");
    }

    static Finding init(Machine machine) {
        return present(machine, "catatonit", "catatonit", "no --init");
    }

    private static Finding present(Machine machine, String program, String packageName, String loss) {
        return machine.program(program)
                .map(p -> Finding.ok(program, p))
                .orElseGet(() -> Finding.warning(program, "not installed: " + loss, Remedy.packages(packageName)));
    }

    private static String versions(Machine machine, String... programs) {
        return Stream.of(programs)
                .map(machine::program)
                .flatMap(Optional::stream)
                .map(p -> said(machine, p))
                .collect(Collectors.joining(", "));
    }

    private static String said(Machine machine, String program) {
        String name = program.substring(program.lastIndexOf('/') + 1);
        String version = machine.version(program);
        return version.startsWith(name) ? version : (name + " " + version).strip();
    }

    static List<Check> all() {
        return List.of(
                ProgramChecks::runtimes, ProgramChecks::networkDriver, ProgramChecks::firewall, ProgramChecks::init);
    }
}
