// SPDX-License-Identifier: Apache-2.0
/// The registry client: resolve, fetch and push images by the OCI distribution specification 1.1.
module dev.kelp.registry {
    requires transitive dev.kelp.model;
    requires transitive java.net.http;
    requires tools.jackson.dataformat.toml;

    exports dev.kelp.registry;
    exports dev.kelp.registry.auth;
    exports dev.kelp.registry.hosts;
    exports dev.kelp.registry.http;
}
