// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.Engines;
import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.PodmanCli;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// An engine that a shell finds in its PATH as `kelp` (and `docker` and `nerdctl`), with busybox in its store.
final class Shelf implements AutoCloseable {
    private final Engine engine;
    private final Path folder = Folders.create("kelp-cases-");

    Shelf(String name) {
        engine = name.equals("kelp") ? new KelpCli() : new PodmanCli();
        try {
            Path bin = Files.createDirectory(folder.resolve("bin"));
            for (String command : List.of("kelp", "docker", "nerdctl")) {
                if (engine instanceof KelpCli kelp) {
                    Files.createSymbolicLink(bin.resolve(command), kelp.binary());
                } else {
                    script(bin.resolve(command));
                }
            }
            // Podman asks this file, not the command line, which registries have no TLS.
            Files.writeString(
                    folder.resolve("registries.conf"),
                    "[[registry]]\nlocation = \"%s\"\ninsecure = true\n"
                            .formatted(Engines.registry().host()));
        } catch (IOException e) {
            throw new UncheckedIOException("put " + name + " into a PATH", e);
        }
        engine.pull(Engines.busybox());
    }

    private void script(Path file) throws IOException {
        String words = engine.prefix().stream().map(w -> "'" + w + "'").collect(Collectors.joining(" "));
        Files.writeString(file, "#!/bin/sh\nexec " + words + " \"$@\"\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// Of a case's shell.
    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(engine.environment());
        environment.put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH") + ":/usr/sbin:/sbin");
        environment.put(
                "CONTAINERS_REGISTRIES_CONF", folder.resolve("registries.conf").toString());
        environment.put("ENGINE", engine.name());
        environment.put("LC_ALL", "C.UTF-8");
        return environment;
    }

    @Override
    public void close() {
        engine.close();
        Folders.delete(folder);
    }
}
