// SPDX-License-Identifier: Apache-2.0
/// Networks of containers: the detached namespace, bridges, the way out, published ports.
module dev.kelp.network {
    requires transitive dev.kelp.rootless;

    exports dev.kelp.network;
    exports dev.kelp.network.bypass;
    exports dev.kelp.network.cni;
    exports dev.kelp.network.dhcp;
    exports dev.kelp.network.dns;
    exports dev.kelp.network.port;
}
