// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// Temporary folders, also such that hold files of subordinate ids.
public final class Folders {
    private Folders() {}

    /// A new folder with a short path that everybody may enter: as real root Kelp's daemon is a subordinate id.
    public static Path create(String prefix) {
        try {
            Path folder = Files.createTempDirectory(Path.of("/tmp"), prefix);
            return Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException("make a temporary folder", e);
        }
    }

    /// Deletes everything below and the folder itself. As an ordinary user in a user namespace with the subordinate
    /// ids, for
    /// what containers have left behind.
    public static void delete(Path folder) {
        List<String> command = new ArrayList<>();
        if (!isRoot()) {
            command.addAll(List.of("unshare", "--user", "--map-root-user", "--map-auto"));
        }
        command.addAll(List.of("rm", "-rf", "--one-file-system", folder.toString()));
        Outcome outcome = Program.of(command).timeoutSeconds(120).run();
        if (outcome.exitCode() != 0 || Files.exists(folder)) {
            Program.of("rm", "-rf", "--one-file-system", folder.toString())
                    .run()
                    .succeeded();
        }
    }

    public static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }
}
