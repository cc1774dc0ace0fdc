// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.runtime.ContainerLog.Entry;
import java.io.IOException;
import java.util.List;

/// A connection to something that takes logs.
public interface LogReceiver extends AutoCloseable {
    /// Returns when the other side has taken them, as far as its protocol tells.
    void send(List<Entry> entries) throws IOException;

    @Override
    void close() throws IOException;
}
