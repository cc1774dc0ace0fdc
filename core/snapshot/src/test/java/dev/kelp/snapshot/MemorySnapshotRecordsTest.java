// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

final class MemorySnapshotRecordsTest extends SnapshotRecordsContract {
    @Override
    protected SnapshotRecords open() {
        return new MemorySnapshotRecords();
    }
}
