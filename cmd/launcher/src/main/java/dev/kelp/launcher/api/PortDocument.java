// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.launcher.port.PortSpec;
import dev.kelp.launcher.port.PortStatus;
import org.jspecify.annotations.Nullable;

/// A port as the API writes it: what is not said is left out.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record PortDocument(
        @Nullable String proto,
        @Nullable String parentIP,
        int parentPort,
        int childPort,
        @Nullable String childIP) {
    /// With its number.
    record Status(long id, PortDocument spec) {
        static Status of(PortStatus status) {
            return new Status(status.id(), PortDocument.of(status.spec()));
        }

        PortStatus status() {
            return new PortStatus(id, spec.spec());
        }
    }

    static PortDocument of(PortSpec spec) {
        return new PortDocument(spec.proto(), spec.parentIP(), spec.parentPort(), spec.childPort(), spec.childIP());
    }

    PortSpec spec() {
        return new PortSpec(text(proto), text(parentIP), parentPort, text(childIP), childPort);
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }
}
