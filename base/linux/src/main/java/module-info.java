// SPDX-License-Identifier: Apache-2.0
/// The only module that calls the kernel by foreign functions; everything above works with typed calls and
/// [dev.kelp.linux.Fd].
module dev.kelp.linux {
    requires transitive dev.kelp.model;

    exports dev.kelp.linux;
}
