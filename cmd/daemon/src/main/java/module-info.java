// SPDX-License-Identifier: Apache-2.0
/// The daemon: serves clients and wires the engine together.
module dev.kelp.daemon {
    requires dev.kelp.cli;
    requires dev.kelp.rootless;
    requires dev.kelp.engine.local;
}
