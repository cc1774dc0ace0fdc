// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.runtime.ContainerTask;

/// What follows from a container's run: events, health checks and the care of its log.
record RunObserver(ContainerEvents events, ResourceEvents resources, HealthChecks health, ContainerLogs logs)
        implements ContainerLifecycle.Observer {
    @Override
    public void starts(ContainerRecord c) {
        logs.check(c);
    }

    @Override
    public void runs(ContainerRecord c, ContainerTask task, boolean resumed) {
        if (!resumed) {
            resources.taken(c);
            events.publish(c, "start");
        }
        logs.runs(c, task, resumed);
        health.runs(c, task, resumed);
    }

    @Override
    public void ended(ContainerRecord c) {
        events.died(c);
        resources.given(c);
        logs.ended(c);
        health.ended(c);
    }

    @Override
    public void leaves(ContainerRecord c) {
        health.leaves(c);
        logs.leaves(c);
        // one that never came to be had no `create` either
        if (c.run().phase() != ContainerRecord.Phase.CREATING) {
            events.publish(c, "destroy");
        }
    }
}
