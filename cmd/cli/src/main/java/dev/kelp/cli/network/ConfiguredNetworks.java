// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition.Plugins;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Networks that files of the user's configure for the plugins of the Container Network Interface: `*.conflist`,
/// `*.conf` and `*.json` in the folder that `--cni-netconfpath`, `NETCONFPATH` or the settings name, else in
/// `~/.config/cni/net.d`, and in the folder's part for the namespace, where nerdctl has them.
public final class ConfiguredNetworks {
    private static final int FILES_MAX = 1000;
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY;

    private ConfiguredNetworks() {}

    /// Has the engine know them as they are now.
    public static void takeUp(Invocation call) {
        String folder = folder(call);
        if (folder.isEmpty()) {
            return;
        }
        List<String> plugins = pluginFolders(call);
        List<Plugins> found = new ArrayList<>();
        for (String part : List.of(folder, folder + "/" + call.namespaceName())) {
            for (String name : names(call.client(), part)) {
                String file = part + "/" + name;
                call.client()
                        .readFile(file, Plugins.BYTES_MAX)
                        .ifPresent(b -> found.add(new Plugins(file, new String(b, StandardCharsets.UTF_8), plugins)));
            }
        }
        for (String sentence : call.namespace().networks().adopt(folder, found)) {
            call.client().warn(sentence);
        }
    }

    private static List<String> names(ClientContext client, String folder) {
        if (!client.mayExist(folder)) {
            return List.of();
        }
        try (Fd fd = client.open(folder, DIRECTORY, 0)) {
            return Inodes.list(fd).stream()
                    .filter(n -> n.endsWith(".conflist") || n.endsWith(".conf") || n.endsWith(".json"))
                    .sorted()
                    .limit(FILES_MAX)
                    .toList();
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return List.of();
            }
            throw e;
        } catch (ErrnoException e) {
            throw e.toKelp("list the network configurations in `" + folder + "`");
        }
    }

    private static String folder(Invocation call) {
        ClientContext client = call.client();
        String named = call.flags().cniFolder();
        if (!named.isEmpty()) {
            return named.startsWith("/") ? named : client.workingDirectory() + "/" + named;
        }
        String config = client.variables().getOrDefault("XDG_CONFIG_HOME", "");
        String home = client.variables().getOrDefault("HOME", "");
        if (config.startsWith("/")) {
            return config + "/cni/net.d";
        }
        return home.startsWith("/") ? home + "/.config/cni/net.d" : "";
    }

    private static List<String> pluginFolders(Invocation call) {
        List<String> named = Stream.of(call.flags().cniPath().split(":"))
                .filter(f -> f.startsWith("/"))
                .toList();
        return named.isEmpty() ? Plugins.FOLDERS : named;
    }
}
