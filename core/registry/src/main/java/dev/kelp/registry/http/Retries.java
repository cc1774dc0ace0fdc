// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLException;

/// Tries again what may work a moment later: 408, 425, 429, 500, 502, 503, 504 and broken connections, with
/// exponential back-off and full jitter, or after the time the server asks for (RFC 9110, `Retry-After`).
/// Certificates that do not fit and names that do not exist are not tried again.
public final class Retries {
    private static final System.Logger LOG = System.getLogger(Retries.class.getName());

    private final HttpLimits limits;
    private final Cancellation cancellation;

    public Retries(HttpLimits limits, Cancellation cancellation) {
        this.limits = limits;
        this.cancellation = cancellation;
    }

    /// One try.
    @FunctionalInterface
    public interface Attempt {
        Reply run() throws IOException;
    }

    /// The first reply that needs no further try, or the last one. It may still be an error status.
    public Reply run(Attempt attempt) throws IOException {
        for (int n = 1; ; n++) {
            cancellation.check();
            try {
                Reply reply = attempt.run();
                if (n >= limits.attemptsMax() || !isTransient(reply.status())) {
                    return reply;
                }
                Optional<Duration> wanted = retryAfter(reply);
                if (wanted.isPresent() && wanted.get().compareTo(limits.retryAfterMax()) > 0) {
                    return reply;
                }
                LOG.log(System.Logger.Level.DEBUG, "{0}: status {1}, try {2}", reply.uri(), reply.status(), n);
                reply.discard(limits);
                cancellation.sleep(wanted.orElse(pause(n)));
            } catch (IOException e) {
                cancellation.check();
                if (n >= attemptsMax(e)) {
                    throw e;
                }
                LOG.log(System.Logger.Level.DEBUG, "try {0} failed: {1}", n, e.getMessage());
                cancellation.sleep(pause(n));
            }
        }
    }

    /// The pause after failure number `n`, counted from 1: between half and one and a half of the doubled base.
    public Duration pause(int n) {
        long mean = limits.backoffBase().toMillis() << Math.min(n - 1, 16);
        long capped = Math.min(mean, limits.backoffMax().toMillis());
        return Duration.ofMillis(capped / 2 + ThreadLocalRandom.current().nextLong(capped + 1));
    }

    /// The server's `Retry-After`, in seconds or as a date; empty when there is none that parses.
    public static Optional<Duration> retryAfter(Reply reply) {
        return reply.header("Retry-After").flatMap(Retries::parseRetryAfter);
    }

    static Optional<Duration> parseRetryAfter(String value) {
        String text = value.strip();
        if (text.matches("[0-9]{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
        }
        try {
            Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration wait = Duration.between(Instant.now(), then);
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    static boolean isTransient(int status) {
        return switch (status) {
            case 408, 425, 429, 500, 502, 503, 504 -> true;
            default -> false;
        };
    }

    /// How often a failure is worth a try. Refused connections and servers that say nothing get
    /// a second one only: the user may have mistyped, and waits.
    private int attemptsMax(IOException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof SSLException
                    || t instanceof UnknownHostException
                    || t instanceof UnresolvedAddressException) {
                return 1;
            }
        }
        return e instanceof ConnectException || e instanceof HttpTimeoutException
                ? Math.min(2, limits.attemptsMax())
                : limits.attemptsMax();
    }
}
