// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where the launcher was called: the part of its environment that this JVM was given, and its working directory.
record CallerEnvironment(Map<String, String> variables, Path workingDirectory) {
    CallerEnvironment {
        variables = Map.copyOf(variables);
    }

    /// Empty also when it is set to nothing.
    Optional<String> variable(String name) {
        return Optional.ofNullable(variables.get(name)).filter(v -> !v.isEmpty());
    }

    int hostUid() {
        return variable("KELP_HOST_UID").map(Integer::parseInt).orElse(0);
    }

    int hostGid() {
        return variable("KELP_HOST_GID").map(Integer::parseInt).orElse(0);
    }

    Path resolve(String path) {
        return workingDirectory.resolve(path).normalize();
    }

    Path temporaryFolder() {
        return variable("TMPDIR").map(this::resolve).orElse(Path.of("/tmp"));
    }

    /// As a shell finds a command.
    Optional<Path> find(String program) {
        if (program.contains("/")) {
            return Optional.of(resolve(program)).filter(Files::isExecutable);
        }
        return List.of(variable("PATH").orElse("/usr/bin:/bin").split(":")).stream()
                .map(folder -> resolve(folder.isEmpty() ? "." : folder).resolve(program))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }
}
