// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.io.ByteArrayInputStream;
import java.io.IOException;

class TarReaderFuzzTest {
    /// Whatever comes, it ends, within the bytes there are, and fails as it should.
    @FuzzTest
    void endsOrFailsProperly(byte[] archive) throws IOException {
        TarReader reader = new TarReader(new ByteArrayInputStream(archive));
        try {
            for (TarReader.Entry e = reader.next(); e != null; e = reader.next()) {
                ArchiveReader.normalize(e.name());
                reader.content().readAllBytes();
            }
        } catch (KelpException e) {
            if (e.getMessage() == null) {
                throw e;
            }
        }
    }
}
