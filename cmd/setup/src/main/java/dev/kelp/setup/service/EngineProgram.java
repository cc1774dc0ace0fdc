// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import dev.kelp.setup.check.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The path by which a service calls Kelp: one that stays when Kelp is upgraded. The installed tree's own is not, where
/// each build has a tree of its own; what the user typed is.
public record EngineProgram(Path kelp) {
    private static final String NAME = "kelp";

    /// @param workingDirectory the caller's, for a name such as `./kelp`
    public static EngineProgram of(Machine machine, Path workingDirectory) {
        // root who asks for another user has called it, too
        String called = machine.variables().getOrDefault("KELP_CALLED_AS", "");
        Optional<Path> typed = called.contains("/")
                ? Optional.of(workingDirectory.resolve(called).normalize())
                : called.isEmpty() ? Optional.empty() : machine.program(called).map(machine::path);
        return new EngineProgram(typed.filter(Files::isExecutable)
                .map(EngineProgram::stable)
                .or(() -> machine.kelp(NAME).map(Path::of))
                .orElseGet(() -> Path.of("/usr/bin/kelp")));
    }

    /// A name for the same program, the one the user knows first.
    private static Path stable(Path typed) {
        try {
            Path real = typed.toRealPath();
            for (Path choice : Stream.of(typed, typed.resolveSibling(NAME)).toList()) {
                if (choice.endsWith(NAME)
                        && Files.isExecutable(choice)
                        && choice.toRealPath().equals(real)) {
                    return choice;
                }
            }
            return real;
        } catch (IOException e) {
            return typed;
        }
    }

    /// The folder it is in.
    public Path folder() {
        return kelp.resolveSibling("");
    }
}
