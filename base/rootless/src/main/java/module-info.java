// SPDX-License-Identifier: Apache-2.0
/// What it takes to live without root: the holder, the id maps, the cgroups this user may use.
module dev.kelp.rootless {
    requires transitive dev.kelp.linux;

    exports dev.kelp.rootless;
}
