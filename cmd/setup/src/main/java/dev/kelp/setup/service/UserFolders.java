// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import dev.kelp.setup.check.Machine;

/// Where the user's things are (XDG Base Directory Specification).
public record UserFolders(String config, String data, String runtime) {
    /// With the defaults for what is not set.
    public static UserFolders of(Machine machine) {
        String home = machine.user().home();
        return new UserFolders(
                machine.variable("XDG_CONFIG_HOME").orElse(home + "/.config"),
                machine.variable("XDG_DATA_HOME").orElse(home + "/.local/share"),
                machine.variable("XDG_RUNTIME_DIR")
                        .orElse("/run/user/" + machine.user().uid()));
    }

    /// Where a unit of the user's is.
    public String unit(String name) {
        return config + "/systemd/user/" + name;
    }

    /// Kelp's own data.
    public String kelpData(Machine machine) {
        return machine.variable("KELP_DATA_ROOT").orElse(data + "/kelp");
    }

    /// The socket clients connect to.
    public String kelpSocket(Machine machine) {
        return machine.variable("KELP_RUN_ROOT").orElse(runtime + "/kelp") + "/kelp.sock";
    }
}
