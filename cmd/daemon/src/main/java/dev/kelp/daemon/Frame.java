// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Fd;
import java.util.List;

/// A frame of the client protocol. Whoever takes it owns the descriptors.
record Frame(int type, byte[] payload, List<Fd> descriptors) {
    static final int HEADER_BYTES = 8;
    static final int PAYLOAD_BYTES_MAX = 4 << 20;
    static final int DESCRIPTORS_MAX = 8;

    // from the client
    static final int REQUEST = 1;
    static final int SIGNAL = 2;
    static final int WINCH = 3;
    static final int REPLY = 4;
    static final int RESUME = 5;
    static final int DETACHED = 6;
    static final int STREAM_END = 7;

    // from the daemon
    static final int OUT = 1;
    static final int ERR = 2;
    static final int EXIT = 3;
    static final int OPEN = 4;
    static final int PROMPT = 5;
    static final int RUN = 6;
    static final int ATTACH = 7;
    static final int MKDIR = 9;
    static final int BIND = 10;
    static final int RENAME = 11;
    static final int UPGRADE = 12;

    void close() {
        descriptors.forEach(Fd::close);
    }
}
