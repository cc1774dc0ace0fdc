// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one socket is to serve, as the API of bypass4netnsd has it; Go writes an empty list as null.
record BypassSpec(
        @Nullable String id,
        @Nullable String socketPath,
        @Nullable String pidFilePath,
        @Nullable String logFilePath,
        @Nullable List<Port> portMapping,
        @Nullable List<String> ignoreSubnets,
        boolean ignoreBind) {
    /// A published port.
    record Port(
            @Nullable List<String> protos,
            @Nullable String parentIP,
            int parentPort,
            @Nullable String childIP,
            int childPort) {
        /// Whether it is one of TCP, which nothing said means too.
        boolean isTcp() {
            return protos == null || protos.isEmpty() || protos.stream().anyMatch(p -> p.startsWith("tcp"));
        }
    }

    /// One that is served.
    ///
    /// @param pid the thread that does, which signals take for its process
    record Status(String id, long pid, BypassSpec spec) {}

    static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    List<Port> ports() {
        return portMapping == null ? List.of() : portMapping;
    }

    List<String> subnets() {
        return ignoreSubnets == null ? List.of() : ignoreSubnets;
    }
}
