// SPDX-License-Identifier: Apache-2.0
/// The daemon: the server of `kelp.sock` and the process' entry point.
module dev.kelp.daemon {
    requires dev.kelp.cli;
    requires dev.kelp.rootless;

    exports dev.kelp.daemon;
}
