// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;

/// How a volume is made.
///
/// @param driver `local`
/// @param options the driver's: `type`, `device` and `o`, which it mounts
/// @param anonymous nobody named it: it goes with its container
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record NewVolume(String driver, Map<String, String> options, Map<String, String> labels, boolean anonymous) {
    public NewVolume {
        driver = driver == null || driver.isEmpty() ? "local" : driver;
        options = options == null ? Map.of() : Map.copyOf(options);
        labels = labels == null ? Map.of() : Map.copyOf(labels);
    }
}
