// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A root file system with this machine's programs and the libraries they are linked with, so that every engine runs
/// the same ones.
final class ProgramRoot {
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+\\.so\\S*) \\(0x");

    private ProgramRoot() {}

    /// A new one, of the user's.
    ///
    /// @param programs found in PATH; busybox is there anyway
    static Path make(Workspace workspace, String name, String... programs) {
        Path root = workspace.folder(name);
        try {
            for (String folder : List.of("bin", "dev", "etc", "proc", "sys", "tmp", "run", "var/log", "var/tmp")) {
                Files.createDirectories(root.resolve(folder));
            }
            Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
            Files.writeString(root.resolve("etc/group"), "root:x:0:\nnogroup:x:65534:\n");
            copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
            for (String applet : List.of("sh", "sleep", "mkdir")) {
                Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
            }
            for (String program : programs) {
                Path found = Path.of(workspace.command("sh", "-c", "command -v " + program).output());
                copy(found, root.resolve("bin").resolve(program));
                for (String library : libraries(workspace, found)) {
                    copy(Path.of(library), root.resolve(library.substring(1)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("make a root file system", e);
        }
        return root;
    }

    private static List<String> libraries(Workspace workspace, Path program) {
        List<String> found = new ArrayList<>();
        Matcher m = LIBRARY.matcher(workspace.command("ldd", program.toString()).output());
        while (m.find()) {
            found.add(m.group(1));
        }
        return found;
    }

    private static void copy(Path from, Path to) throws IOException {
        if (!Files.exists(to)) {
            Files.createDirectories(to.getParent());
            Files.copy(from, to);
        }
    }
}
