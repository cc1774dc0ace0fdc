// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.oci.OciJson;
import dev.kelp.network.Bridges;
import dev.kelp.network.Firewall;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// What was made in the detached namespace, kept beside it: a daemon of another version sees by it that bridges and
/// rules would be others now, and one that comes after a network's end which bridge is nobody's.
///
/// @param pin where the namespace is
record MadeNetworks(Path pin) {
    private static final System.Logger LOG = System.getLogger(MadeNetworks.class.getName());
    private static final String FILE = "networks.json";
    private static final String INODE = "inode";
    private static final String BRIDGES = "bridges";
    private static final String PLAN = "plan";
    private static final int FILE_BYTES_MAX = 16 << 20;

    /// @param bridges names
    /// @param plan in words that change when what is made does
    record Made(List<String> bridges, String plan) {
        static final Made NOTHING = new Made(List.of(), "");

        static Made of(Collection<NetworkDefinition> networks) {
            List<NetworkDefinition> sorted = networks.stream()
                    .sorted(Comparator.comparing(NetworkDefinition::bridge))
                    .toList();
            return new Made(
                    sorted.stream().map(NetworkDefinition::bridge).toList(),
                    sorted.stream().map(Bridges::plan).collect(Collectors.joining()) + Firewall.rules(sorted));
        }
    }

    private Path file() {
        return pin.resolveSibling(FILE);
    }

    private long inode() throws IOException {
        return ((Number) Files.getAttribute(pin, "unix:ino")).longValue();
    }

    /// What is in this namespace as far as is known.
    Made read() {
        try {
            if (!Files.exists(file()) || Files.size(file()) > FILE_BYTES_MAX) {
                return Made.NOTHING;
            }
            JsonNode root = OciJson.tree(Files.readAllBytes(file()), file().toString());
            if (root.path(INODE).asLong(-1) != inode()) {
                return Made.NOTHING;
            }
            List<String> bridges = new ArrayList<>();
            root.path(BRIDGES).forEach(b -> bridges.add(b.asString("")));
            return new Made(bridges, root.path(PLAN).asString(""));
        } catch (IOException | KelpException e) {
            LOG.log(Level.WARNING, "what networks were made of cannot be read: {0}", e.getMessage());
            return Made.NOTHING;
        }
    }

    void keep(Made made) {
        try {
            Path fresh = file().resolveSibling(FILE + ".new");
            Files.write(fresh, OciJson.write(Map.of(INODE, inode(), BRIDGES, made.bridges(), PLAN, made.plan())));
            Files.move(fresh, file(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "keep what networks were made of: {0}", e.getMessage());
        }
    }
}
