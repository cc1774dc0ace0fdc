// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Events.Event;
import dev.kelp.engine.local.event.EventLog;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/// Events of containers, with the attributes Docker gives them: labels, image, name, and what belongs to the action.
record ContainerEvents(EventLog log) {
    /// @param more names and values, in turn
    void publish(ContainerRecord c, String action, String... more) {
        Map<String, String> attributes = new TreeMap<>(c.definition().spec().labels());
        attributes.put("image", c.definition().imageName());
        attributes.put("name", c.name());
        for (int i = 0; i + 1 < more.length; i += 2) {
            attributes.put(more[i], more[i + 1]);
        }
        log.publish(c.namespace(), new Event("container", action, c.id(), attributes, Instant.now()));
    }

    /// The end of a run, whose record says how it ended.
    void died(ContainerRecord c) {
        if (c.run().oomKilled()) {
            publish(c, "oom");
        }
        long seconds = Math.max(0, c.run().finishedMillis() - c.run().startedMillis()) / 1000;
        publish(c, "die", "exitCode", Integer.toString(c.run().exitCode()), "execDuration", Long.toString(seconds));
    }
}
