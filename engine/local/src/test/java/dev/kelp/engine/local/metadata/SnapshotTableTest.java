// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.snapshot.SnapshotRecords;
import dev.kelp.snapshot.SnapshotRecordsContract;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTableTest extends SnapshotRecordsContract {
    @TempDir
    Path folder;

    private Database database;

    @Override
    protected SnapshotRecords open() {
        database = Database.open(folder.resolve("kelp.db"));
        return new SnapshotTable(database, "overlayfs");
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void snapshottersDoNotSeeEachOther() {
        SnapshotTable other = new SnapshotTable(database, "native");
        long first = other.allocateId();
        assertThat(other.all()).isEmpty();
        database.close();
        open();
        assertThat(new SnapshotTable(database, "native").allocateId()).isGreaterThan(first);
    }
}
