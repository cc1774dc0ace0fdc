// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Events.Event;
import dev.kelp.engine.local.event.EventLog;
import dev.kelp.engine.local.network.ContainerNetworks;
import dev.kelp.engine.local.volume.VolumeStore;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.network.NetworkDefinition;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/// Events of what containers use: volumes, which are a namespace's, and networks, which are the engine's. That a
/// container is on a network is told to the container's namespace alone.
record ResourceEvents(EventLog log, ContainerNetworks networks) {
    /// Listens to what happens to volumes.
    static VolumeStore.Listener volumes(EventLog log) {
        return (key, action, driver) ->
                publish(log, key.namespace(), "volume", action, key.name(), Map.of("driver", driver));
    }

    /// A network was made or removed.
    void network(String action, NetworkDefinition network) {
        publish(EventLog.EVERY_NAMESPACE, "network", action, network.id(), attributes(network));
    }

    /// A container joined or left a network.
    void network(String action, NetworkDefinition network, String namespace, String container) {
        Map<String, String> attributes = new TreeMap<>(attributes(network));
        attributes.put("container", container);
        publish(namespace, "network", action, network.id(), attributes);
    }

    private static Map<String, String> attributes(NetworkDefinition network) {
        return Map.of("name", network.name(), "type", network.driver());
    }

    /// A container is about to run: its volumes are mounted, its networks connected.
    void taken(ContainerRecord c) {
        for (MountSpec m : c.definition().spec().mounts()) {
            if (m.type().equals("volume")) {
                Map<String, String> attributes = new TreeMap<>(volume(c, m));
                attributes.put("destination", m.target());
                attributes.put("propagation", "");
                attributes.put("read/write", Boolean.toString(!m.options().contains("ro")));
                publish(c.namespace(), "volume", "mount", String.valueOf(m.source()), attributes);
            }
        }
        connections("connect", c);
    }

    /// A container's run is over, but what it had is still known.
    void given(ContainerRecord c) {
        connections("disconnect", c);
        for (MountSpec m : c.definition().spec().mounts()) {
            if (m.type().equals("volume")) {
                publish(c.namespace(), "volume", "unmount", String.valueOf(m.source()), volume(c, m));
            }
        }
    }

    private static Map<String, String> volume(ContainerRecord c, MountSpec m) {
        return Map.of(
                "container",
                c.id(),
                "driver",
                m.volume() == null ? "local" : m.volume().driver());
    }

    private void connections(String action, ContainerRecord c) {
        String mode = c.definition().spec().isolation().network();
        networks.networksOf(c.id(), mode == null ? "" : mode).forEach(n -> network(action, n, c.namespace(), c.id()));
    }

    private void publish(String namespace, String type, String action, String actor, Map<String, String> attributes) {
        publish(log, namespace, type, action, actor, attributes);
    }

    private static void publish(
            EventLog log, String namespace, String type, String action, String actor, Map<String, String> attributes) {
        log.publish(namespace, new Event(type, action, actor, new TreeMap<>(attributes), Instant.now()));
    }
}
