// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;

/// Where output goes: driver `json-file` (the default) and `local` are kept here, `none` nowhere, `journald`,
/// `syslog` and `fluentd` are kept here and sent on.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Logging(String driver, Map<String, String> options) {
    public static final Logging DEFAULT = new Logging("json-file", Map.of());

    public Logging {
        driver = driver == null || driver.isEmpty() ? "json-file" : driver;
        options = options == null ? Map.of() : Map.copyOf(options);
    }
}
