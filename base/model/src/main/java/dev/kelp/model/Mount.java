// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.util.List;

/// What a snapshotter makes and whoever runs a container consumes, as in containerd's `Mount` and fstab(5):
/// `type` is `overlay` or `bind`; options are mount(8) words, those the kernel takes as flags among them.
public record Mount(String type, String source, List<String> options) {
    public Mount {
        options = List.copyOf(options);
    }
}
