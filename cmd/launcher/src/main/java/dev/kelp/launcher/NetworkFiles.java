// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.linux.Mounts;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// /etc/resolv.conf and /etc/hosts as they must be in another network than the host's. Both are in the state directory
/// too, where engines that leave the network detached look for them.
final class NetworkFiles {
    private static final String RESOLV_CONF = "resolv.conf";
    private static final String HOSTS = "hosts";
    private static final Path ETC = Path.of("/etc");
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private NetworkFiles() {}

    /// Writes both into the state directory.
    static void write(StateDirectory state, List<InetAddress> nameServers) throws IOException {
        String servers = nameServers.stream()
                .map(a -> "nameserver " + a.getHostAddress() + "\n")
                .collect(Collectors.joining());
        Files.writeString(state.file(RESOLV_CONF), servers);
        String host = Files.readString(HOST_NAME).strip();
        Path known = ETC.resolve(HOSTS);
        String hosts = Files.exists(known) ? Files.readString(known).stripTrailing() + "\n" : "";
        // by its name the machine means itself, and not the host's address
        Files.writeString(state.file(HOSTS), hosts + "127.0.0.1 " + host + "\n::1 " + host + "\n");
    }

    /// Puts them in place, in the mount namespace of the calling thread: over the originals, or instead of their
    /// links
    /// where /etc was copied up.
    static void mount(StateDirectory state, boolean etcIsCopied, Console console) throws IOException {
        if (!etcIsCopied) {
            console.warn(
                    "/etc/resolv.conf is covered without --copy-up=/etc: the cover is lost when the host replaces it");
        }
        for (String name : List.of(RESOLV_CONF, HOSTS)) {
            Path file = ETC.resolve(name);
            if (etcIsCopied) {
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.delete(file);
                }
                Files.createFile(file);
            }
            Mounts.mount(state.file(name).toString(), file.toString(), null, Mounts.MS_BIND, null);
        }
    }
}
