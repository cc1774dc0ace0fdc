// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

/// A snapshotter that is a program of its own, as containerd's configuration names it.
public record ProxyPlugin(String name, String address) {
    /// The lines to add to `config.toml`.
    public String toml() {
        return "[proxy_plugins]\n" + table("  ");
    }

    /// The same for a file that has a table of plugins already.
    String table(String indent) {
        return """
                %1$s[proxy_plugins."%2$s"]
                %1$s  type = "snapshot"
                %1$s  address = "%3$s"
                """.formatted(indent, name, address);
    }
}
