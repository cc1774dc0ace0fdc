// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;

/// Limits of single block devices, by the device's path on the host.
///
/// @param weights relative weight, 10 to 1000
/// @param readBps bytes a second; the others likewise, in bytes or operations
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record BlockLimits(
        Map<String, Long> weights,
        Map<String, Long> readBps,
        Map<String, Long> writeBps,
        Map<String, Long> readIops,
        Map<String, Long> writeIops) {
    public BlockLimits {
        weights = weights == null ? Map.of() : Map.copyOf(weights);
        readBps = readBps == null ? Map.of() : Map.copyOf(readBps);
        writeBps = writeBps == null ? Map.of() : Map.copyOf(writeBps);
        readIops = readIops == null ? Map.of() : Map.copyOf(readIops);
        writeIops = writeIops == null ? Map.of() : Map.copyOf(writeIops);
    }
}
