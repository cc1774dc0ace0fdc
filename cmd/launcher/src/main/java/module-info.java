// SPDX-License-Identifier: Apache-2.0
/// What `rootlesskit` and `rootlessctl` do beside the native launcher.
module dev.kelp.launcher {
    requires dev.kelp.network;

    opens dev.kelp.launcher.api to
            tools.jackson.databind;
}
