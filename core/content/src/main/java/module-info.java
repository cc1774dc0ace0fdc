// SPDX-License-Identifier: Apache-2.0
/// The content store: bytes under their digest, each checked before it gets its name.
module dev.kelp.content {
    requires transitive dev.kelp.linux;

    exports dev.kelp.content;
}
