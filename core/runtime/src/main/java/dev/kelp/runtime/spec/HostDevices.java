// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/// The device nodes of this machine that the user may read and write, which are what a privileged container gets.
final class HostDevices {
    private static final Path DEV = Path.of("/dev");
    private static final List<String> FOLDERS = List.of("dri", "input", "net", "snd", "usb", "vfio");

    /// Those every container has of its own.
    private static final Set<String> STANDARD =
            Set.of("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx");

    private HostDevices() {}

    static List<String> usable() {
        List<String> all = new ArrayList<>();
        add(DEV, all);
        FOLDERS.forEach(f -> add(DEV.resolve(f), all));
        Collections.sort(all);
        return all;
    }

    private static void add(Path folder, List<String> all) {
        try (DirectoryStream<Path> nodes = Files.newDirectoryStream(folder)) {
            for (Path node : nodes) {
                String name = node.getFileName().toString();
                boolean device = !Files.isDirectory(node, LinkOption.NOFOLLOW_LINKS)
                        && !Files.isRegularFile(node, LinkOption.NOFOLLOW_LINKS)
                        && !Files.isSymbolicLink(node);
                boolean terminal = name.startsWith("tty") || name.startsWith("vcs");
                if (device && !terminal && !STANDARD.contains(name) && isUsable(node)) {
                    all.add(node.toString());
                }
            }
        } catch (IOException e) {
            // a folder this machine does not have
        }
    }

    /// access(2); sockets such as /dev/log are no devices.
    private static boolean isUsable(Path node) throws IOException {
        int type = (int) Files.getAttribute(node, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0xF000;
        return (type == 0x2000 || type == 0x6000) && Files.isReadable(node) && Files.isWritable(node);
    }
}
