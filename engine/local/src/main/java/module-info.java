// SPDX-License-Identifier: Apache-2.0
/// The engine in this process: metadata, leases, garbage collection and the life of containers over the core services.
module dev.kelp.engine.local {
    requires transitive dev.kelp.engine;
    requires transitive dev.kelp.rootless;
    requires dev.kelp.content;
    requires dev.kelp.registry;
    requires dev.kelp.runtime;
    requires dev.kelp.snapshot;
    requires java.sql;

    exports dev.kelp.engine.local;

    opens dev.kelp.engine.local to
            tools.jackson.databind;
}
