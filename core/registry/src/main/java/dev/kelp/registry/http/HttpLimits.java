// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.time.Duration;

/// Every limit of the HTTP layer.
///
/// @param connectTimeout TCP connect (and a proxy's), unless `hosts.toml` names a `dial_timeout`
/// @param responseTimeout from the last byte of the request sent to the headers of the answer
/// @param stallTimeout how long no byte of a body may come or go before the connection is given up
/// @param redirectsMax redirects followed for one request
/// @param attemptsMax tries of one request, and consecutive reconnects of one blob that brought no byte
/// @param backoffBase the mean pause before the second try; it doubles each time
/// @param backoffMax the longest pause
/// @param retryAfterMax the longest `Retry-After` that is waited for; longer ones fail at once
public record HttpLimits(
        Duration connectTimeout,
        Duration responseTimeout,
        Duration stallTimeout,
        int redirectsMax,
        int attemptsMax,
        Duration backoffBase,
        Duration backoffMax,
        Duration retryAfterMax) {
    public static final HttpLimits DEFAULT = new HttpLimits(
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofSeconds(30),
            10,
            5,
            Duration.ofMillis(250),
            Duration.ofSeconds(15),
            Duration.ofSeconds(60));

    public HttpLimits withStallTimeout(Duration d) {
        return new HttpLimits(
                connectTimeout, responseTimeout, d, redirectsMax, attemptsMax, backoffBase, backoffMax, retryAfterMax);
    }

    public HttpLimits withResponseTimeout(Duration d) {
        return new HttpLimits(
                connectTimeout, d, stallTimeout, redirectsMax, attemptsMax, backoffBase, backoffMax, retryAfterMax);
    }

    public HttpLimits withBackoff(Duration base, Duration max) {
        return new HttpLimits(
                connectTimeout, responseTimeout, stallTimeout, redirectsMax, attemptsMax, base, max, retryAfterMax);
    }
}
