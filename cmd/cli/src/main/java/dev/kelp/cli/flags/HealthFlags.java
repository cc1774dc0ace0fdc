// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.format.Timestamps;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Lifecycle;
import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The health check; what is left out is the image's.
@Command(optionListHeading = "Health check")
public final class HealthFlags {
    private static final List<String> ACTIONS = List.of("none", "kill", "restart", "stop");

    @Option(names = "--health-cmd", paramLabel = "COMMAND", description = "shell command that tells whether it is well")
    @Nullable
    String command;

    @Option(
            names = "--health-interval",
            paramLabel = "DURATION",
            description = "pause between two checks (default: 30s)")
    @Nullable
    String interval;

    @Option(
            names = "--health-timeout",
            paramLabel = "DURATION",
            description = "longer checks have failed (default: 30s)")
    @Nullable
    String timeout;

    @Option(
            names = "--health-retries",
            paramLabel = "NUMBER",
            description = "so many failures in a row make it unhealthy (default: 3)")
    @Nullable
    Integer retries;

    @Option(
            names = "--health-start-period",
            paramLabel = "DURATION",
            description = "time to start: failures do not count (default: 0s)")
    @Nullable
    String startPeriod;

    @Option(
            names = "--health-start-interval",
            paramLabel = "DURATION",
            description = "pause between checks in that time (default: 5s)")
    @Nullable
    String startInterval;

    @Option(
            names = "--health-on-failure",
            paramLabel = "ACTION",
            description = "when it becomes unhealthy: none, kill, restart or stop (default: none)")
    @Nullable
    String onFailure;

    @Option(names = "--no-healthcheck", description = "no check, whatever the image says")
    boolean none;

    /// The life cycle with this check.
    public Lifecycle addTo(Lifecycle lifecycle) {
        if (onFailure != null && !ACTIONS.contains(onFailure)) {
            throw KelpException.invalid("invalid --health-on-failure `" + onFailure + "`")
                    .withHint("use none, kill, restart or stop");
        }
        Long every = nanos("--health-interval", interval);
        Long limit = nanos("--health-timeout", timeout);
        Long starting = nanos("--health-start-period", startPeriod);
        Long startEvery = nanos("--health-start-interval", startInterval);
        if (retries != null && retries < 0) {
            throw KelpException.invalid("--health-retries cannot be negative");
        }
        boolean given = (command != null && !command.isEmpty())
                || every != null
                || limit != null
                || starting != null
                || startEvery != null
                || (retries != null && retries != 0);
        if (none) {
            if (given) {
                throw KelpException.invalid("--no-healthcheck conflicts with --health-* options");
            }
            return lifecycle.withHealth(new Healthcheck(List.of("NONE"), null, null, null, null, null), null);
        }
        if (!given) {
            return onFailure == null ? lifecycle : lifecycle.withHealth(lifecycle.health(), onFailure);
        }
        List<String> test = command == null || command.isEmpty() ? null : List.of("CMD-SHELL", command);
        return lifecycle.withHealth(new Healthcheck(test, every, limit, starting, startEvery, retries), onFailure);
    }

    /// Null when it is not given, or zero, which means the default.
    private static @Nullable Long nanos(String flag, @Nullable String text) {
        if (text == null || text.equals("0")) {
            return null;
        }
        if (text.startsWith("-")) {
            throw KelpException.invalid(flag + " cannot be negative");
        }
        Duration d = Timestamps.duration(text)
                .orElseThrow(() -> KelpException.invalid("invalid " + flag + " `" + text + "`: not a duration")
                        .withHint("use for example 500ms, 10s or 1m30s"));
        if (d.isZero()) {
            return null;
        }
        if (d.compareTo(Duration.ofMillis(1)) < 0) {
            throw KelpException.invalid(flag + " cannot be less than 1ms");
        }
        return d.toNanos();
    }
}
