// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.runtime.ContainerLog.Entry;
import java.util.Arrays;

/// What an entry says, without the end of its line.
final class Lines {
    private Lines() {}

    static boolean isWhole(Entry e) {
        return e.data().length > 0 && e.data()[e.data().length - 1] == '\n';
    }

    static byte[] text(Entry e) {
        return isWhole(e) ? Arrays.copyOf(e.data(), e.data().length - 1) : e.data();
    }
}
