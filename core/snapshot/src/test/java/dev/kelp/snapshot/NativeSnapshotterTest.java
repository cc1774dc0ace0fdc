// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.nio.file.Path;

final class NativeSnapshotterTest extends SnapshotterContract {
    @Override
    protected Snapshotter open(Path data, SnapshotRecords known) {
        return new NativeSnapshotter(data, known);
    }
}
