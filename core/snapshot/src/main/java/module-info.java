// SPDX-License-Identifier: Apache-2.0
/// Root file systems: snapshots that stack, and the unpacking of image layers into them.
module dev.kelp.snapshot {
    requires transitive dev.kelp.linux;
    requires transitive dev.kelp.rootless;
    requires com.github.luben.zstd_jni;

    exports dev.kelp.snapshot;
    exports dev.kelp.snapshot.diff;
    exports dev.kelp.snapshot.layer;
}
