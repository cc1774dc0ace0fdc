// SPDX-License-Identifier: Apache-2.0
/// The engine in this process: metadata, leases, garbage collection and the life of containers over the core services.
module dev.kelp.engine.local {
    requires transitive dev.kelp.engine;
    requires transitive dev.kelp.rootless;
    requires transitive dev.kelp.content;
    requires transitive dev.kelp.registry;
    requires dev.kelp.runtime;
    requires dev.kelp.network;
    requires transitive dev.kelp.snapshot;
    requires transitive java.sql;
    requires org.xerial.sqlitejdbc;

    exports dev.kelp.engine.local;
    exports dev.kelp.engine.local.event;
    exports dev.kelp.engine.local.image;
    exports dev.kelp.engine.local.metadata;

    opens dev.kelp.engine.local to
            tools.jackson.databind;
    opens dev.kelp.engine.local.network to
            tools.jackson.databind;
}
