// SPDX-License-Identifier: Apache-2.0
/// What `rootlesskit` and `rootlessctl` do beside the native launcher; `bypass4netns` and `bypass4netnsd`.
module dev.kelp.launcher {
    requires dev.kelp.network;

    opens dev.kelp.launcher.api to
            tools.jackson.databind;
    opens dev.kelp.launcher.bypass to
            tools.jackson.databind;
}
