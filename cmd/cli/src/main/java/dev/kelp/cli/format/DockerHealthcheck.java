// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `Config.Healthcheck` of a container or image as Docker's `inspect` shows it: times in nanoseconds, what is not set
/// is
/// left out.
public final class DockerHealthcheck {
    private DockerHealthcheck() {}

    public static Map<String, @Nullable Object> describe(Healthcheck h) {
        Struct s = new Struct().with("Test", h.test() == null ? List.of() : h.test());
        withUnlessZero(s, "Interval", h.interval());
        withUnlessZero(s, "Timeout", h.timeout());
        withUnlessZero(s, "StartPeriod", h.startPeriod());
        withUnlessZero(s, "StartInterval", h.startInterval());
        withUnlessZero(s, "Retries", h.retries() == null ? null : h.retries().longValue());
        return s.map();
    }

    private static void withUnlessZero(Struct s, String name, @Nullable Long value) {
        if (value != null && value != 0) {
            s.with(name, value);
        }
    }
}
