// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a container's health check is: the image's, field by field replaced by the user's, with Docker's defaults.
///
/// @param command what is executed in the container
/// @param retries so many failures in a row make it unhealthy
/// @param startPeriod failures this soon after the start do not count
/// @param startInterval replaces `interval` during that time
/// @param onFailure what becoming unhealthy leads to: `none`, `kill`, `restart` or `stop`
record HealthCheck(
        List<String> command,
        Duration interval,
        Duration timeout,
        Duration startPeriod,
        Duration startInterval,
        int retries,
        String onFailure) {
    private static final Duration INTERVAL = Duration.ofSeconds(30);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration START_INTERVAL = Duration.ofSeconds(5);
    private static final int RETRIES = 3;

    /// Whether failures do not count yet. A clock that was set back to before the start says nothing: the period is
    /// over then, since it could otherwise last for years.
    boolean isStartPeriod(Instant started, Instant now) {
        Duration since = Duration.between(started, now);
        return !since.isNegative() && since.compareTo(startPeriod) < 0;
    }

    /// The joined settings as `inspect` shows them; empty when neither the image nor the user gave any.
    static Optional<Healthcheck> settings(Definition d) {
        Healthcheck image = d.image().healthcheck();
        Healthcheck user = d.spec().lifecycle().health();
        if (image == null || user == null) {
            return Optional.ofNullable(user == null ? image : user);
        }
        return Optional.of(new Healthcheck(
                user.test() == null || user.test().isEmpty() ? image.test() : user.test(),
                given(user.interval()) ? user.interval() : image.interval(),
                given(user.timeout()) ? user.timeout() : image.timeout(),
                given(user.startPeriod()) ? user.startPeriod() : image.startPeriod(),
                given(user.startInterval()) ? user.startInterval() : image.startInterval(),
                user.retries() != null && user.retries() > 0 ? user.retries() : image.retries()));
    }

    /// The check to run; empty when there is none, or it was switched off.
    static Optional<HealthCheck> of(Definition d) {
        return settings(d)
                .flatMap(s -> command(s.test(), shell(d.image())).map(command -> {
                    String onFailure = d.spec().lifecycle().healthOnFailure();
                    return new HealthCheck(
                            command,
                            duration(s.interval(), INTERVAL),
                            duration(s.timeout(), TIMEOUT),
                            duration(s.startPeriod(), Duration.ZERO),
                            duration(s.startInterval(), START_INTERVAL),
                            s.retries() == null || s.retries() <= 0 ? RETRIES : s.retries(),
                            onFailure == null ? "none" : onFailure);
                }));
    }

    private static Optional<List<String>> command(@Nullable List<String> test, List<String> shell) {
        if (test == null || test.size() < 2) {
            return Optional.empty();
        }
        List<String> words = test.subList(1, test.size());
        return switch (test.getFirst()) {
            case "CMD" -> Optional.of(words);
            case "CMD-SHELL" -> {
                List<String> all = new ArrayList<>(shell);
                all.addAll(words);
                yield Optional.of(all);
            }
            default -> Optional.empty();
        };
    }

    private static List<String> shell(ImageConfig.Execution image) {
        return image.shell() == null || image.shell().isEmpty() ? List.of("/bin/sh", "-c") : image.shell();
    }

    private static boolean given(@Nullable Long nanos) {
        return nanos != null && nanos != 0;
    }

    private static Duration duration(@Nullable Long nanos, Duration otherwise) {
        return nanos == null || nanos <= 0 ? otherwise : Duration.ofNanos(nanos);
    }
}
