// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import java.util.Map;

/// Whose output it is.
///
/// @param id 64 hexadecimal digits
/// @param tag what the user calls it in logs
/// @param pid of its first process
/// @param extra labels and variables she wants with each line
public record Origin(String id, String name, String image, String tag, int pid, Map<String, String> extra) {
    public Origin {
        extra = Map.copyOf(extra);
    }

    String shortId() {
        return id.substring(0, Math.min(12, id.length()));
    }
}
