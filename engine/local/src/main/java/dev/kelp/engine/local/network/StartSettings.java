// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.RootlessSettings.PortDriver;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Networking;
import dev.kelp.model.oci.OciJson;
import dev.kelp.network.BridgedWayOut;
import dev.kelp.network.Outbound;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The settings this daemon was started with. They are read when they are needed: who has mistyped a variable learns it
/// from the command that it is for.
///
/// A namespace that is there already, since containers outlived their holder, was made by other variables perhaps.
/// Those
/// count until it is gone, which is when no container runs: half of the containers would be on a network that is not
/// that of the other half.
final class StartSettings {
    private static final System.Logger LOG = System.getLogger(StartSettings.class.getName());
    private static final String STATE_DIR = RootlessSettings.PREFIX + "STATE_DIR";
    private static final String MADE_WITH = "netns.json";
    private static final String INODE = "inode";
    private static final String VARIABLES = "variables";
    private static final int FILE_BYTES_MAX = 1 << 20;

    private final Map<String, String> given;
    private final Path pin;
    private final Path madeWith;
    private final AtomicBoolean remarked = new AtomicBoolean();
    private @Nullable Map<String, String> inForce;
    private volatile int mtu;

    /// @param variables of whoever started the holder
    /// @param pin where the namespace is, or will be
    StartSettings(Map<String, String> variables, Path pin) {
        this.pin = pin;
        this.madeWith = pin.resolveSibling(MADE_WITH);
        this.given = variables.entrySet().stream()
                .filter(v -> v.getKey().startsWith(RootlessSettings.PREFIX))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    RootlessSettings read() {
        return RootlessSettings.of(inForce(), HostAddresses.hasIpv6());
    }

    /// Of networks that are not told one; what a mistyped variable keeps from being known is Ethernet's.
    int mtu() {
        int known = mtu;
        if (known == 0) {
            try {
                known = read().mtu();
            } catch (KelpException e) {
                return NetworkDefinition.MTU_DEFAULT;
            }
            mtu = known;
        }
        return known;
    }

    /// Whether the daemon's own connections and containers on the host's network stay out of the namespace.
    boolean detaches() {
        return RootlessSettings.detaches(inForce());
    }

    private synchronized Map<String, String> inForce() {
        Map<String, String> present = inForce;
        if (present == null) {
            present = new HashMap<>(made());
            present.remove(STATE_DIR);
            if (given.containsKey(STATE_DIR)) {
                present.put(STATE_DIR, given.get(STATE_DIR));
            }
            inForce = present;
        }
        return present;
    }

    /// What the namespace was made with; what is given when there is none.
    private Map<String, String> made() {
        try {
            if (!Files.exists(madeWith) || !Files.exists(pin) || Files.size(madeWith) > FILE_BYTES_MAX) {
                return given;
            }
            JsonNode root = OciJson.tree(Files.readAllBytes(madeWith), madeWith.toString());
            if (root.path(INODE).asLong(-1) != inode()) {
                return given;
            }
            Map<String, String> variables = new HashMap<>();
            root.path(VARIABLES)
                    .properties()
                    .forEach(v -> variables.put(v.getKey(), v.getValue().asString("")));
            return variables;
        } catch (IOException | KelpException e) {
            LOG.log(Level.WARNING, "what the networks were made with cannot be read: {0}", e.getMessage());
            return given;
        }
    }

    private long inode() throws IOException {
        return ((Number) Files.getAttribute(pin, "unix:ino")).longValue();
    }

    /// Has later daemons know what the namespace that is now pinned was made with.
    void keep() {
        try {
            Path fresh = madeWith.resolveSibling(MADE_WITH + ".new");
            Files.write(fresh, OciJson.write(Map.of(INODE, inode(), VARIABLES, inForce())));
            Files.move(fresh, madeWith, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "keep what the networks were made with: {0}", e.getMessage());
        }
    }

    /// What will not work on this machine, and once what is set without effect; a sentence each.
    ///
    /// @throws KelpException INVALID_ARGUMENT for ports that nothing can publish
    List<String> shortfalls(Networking wanted) {
        RootlessSettings settings = read();
        if (settings.ports() == PortDriver.NONE
                && (wanted.publishAll() || !wanted.ports().isEmpty())) {
            throw KelpException.invalid("publish ports: the port driver is none")
                    .withHint(RootlessSettings.PREFIX + "PORT_DRIVER says so");
        }
        List<String> all = new ArrayList<>();
        if (remarked.compareAndSet(false, true)) {
            all.addAll(settings.remarks());
            all.addAll(waiting());
        }
        if (settings.hasWayOut()) {
            (settings.isBridged() ? BridgedWayOut.shortfall(settings.bridge()) : Outbound.shortfall(settings.driver()))
                    .ifPresent(all::add);
        }
        return all;
    }

    private List<String> waiting() {
        Map<String, String> now = inForce();
        TreeSet<String> names = new TreeSet<>(now.keySet());
        names.addAll(given.keySet());
        names.removeIf(n -> String.valueOf(now.get(n)).equals(String.valueOf(given.get(n))));
        return names.isEmpty()
                ? List.of()
                : List.of(String.join(", ", names) + ": counts when no container runs any more and Kelp starts anew;"
                        + " networks that are in use were made with other settings");
    }
}
