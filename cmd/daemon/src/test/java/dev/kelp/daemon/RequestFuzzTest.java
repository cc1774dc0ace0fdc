// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import java.io.IOException;
import java.util.List;

class RequestFuzzTest {
    /// Any payload is a request or an IOException; the descriptors' number never matters before it is checked.
    @FuzzTest(maxDuration = "20s")
    void requests(FuzzedDataProvider data) {
        try {
            Request.parse(new Frame(Frame.REQUEST, data.consumeRemainingAsBytes(), List.of()));
        } catch (IOException e) {
            // refused
        }
    }

    /// Any bytes on a socket are frames, the end, or an IOException.
    @FuzzTest(maxDuration = "20s")
    void frames(FuzzedDataProvider data) throws ErrnoException {
        byte[] bytes = data.consumeBytes(32 << 10);
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.STREAM);
        try (Fd reader = pair[0];
                Fd writer = pair[1]) {
            if (bytes.length > 0) {
                UnixSockets.send(writer, bytes, List.of());
            }
            UnixSockets.shutdown(writer, 1);
            while (Frame.read(reader).isPresent()) {
                // on to the next
            }
        } catch (IOException e) {
            // refused
        }
    }
}
