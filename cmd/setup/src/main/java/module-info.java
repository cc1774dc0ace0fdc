// SPDX-License-Identifier: Apache-2.0
/// `kelp setup`: what this machine lacks for containers of an ordinary user, and how to get it.
module dev.kelp.setup {
    requires dev.kelp.rootless;
    requires info.picocli;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.toml;

    opens dev.kelp.setup to
            info.picocli;
    opens dev.kelp.setup.check to
            tools.jackson.databind;
}
