// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `GET /v1/info`.
///
/// @param networkDriver null for the host's network
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LauncherInfo(
        String apiVersion,
        String version,
        String stateDir,
        int childPID,
        @Nullable NetworkDriver networkDriver,
        @Nullable PortDriverInfo portDriver) {
    /// @param childIP the device's address
    /// @param dynamicChildIP null: it stays
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record NetworkDriver(
            String driver,
            List<String> dns,
            @Nullable String childIP,
            @Nullable Boolean dynamicChildIP) {}

    /// @param protos what can be asked for
    /// @param disallowLoopbackChildIP whether a loopback address is no target
    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    public record PortDriverInfo(String driver, List<String> protos, boolean disallowLoopbackChildIP) {}
}
