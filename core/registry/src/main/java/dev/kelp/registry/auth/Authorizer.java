// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Authorises the requests to one registry host. One per host and command; safe for parallel requests.
public final class Authorizer {
    /// More sets of scopes than this are not remembered.
    private static final int TOKENS_MAX = 1_000;

    /// The host whose requests are authorised.
    ///
    /// @param name the host as [Credentials] know it
    /// @param plainHttp whether the registry is reached by plain http, so that its token server may be, too
    public record Host(String name, boolean plainHttp, Transport.Route route) {}

    private final Host host;
    private final Credentials credentials;
    private final TokenClient tokens;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Set<String>, Token> cache = new HashMap<>();
    private @Nullable Challenge challenge;
    private @Nullable Credential credential;
    private boolean asked;

    public Authorizer(Host host, Credentials credentials, Transport transport, Cancellation cancellation) {
        this.host = host;
        this.credentials = credentials;
        this.tokens = new TokenClient(transport, cancellation);
    }

    /// The `Authorization` header for a request of these scopes (`repository:NAME:pull`), as far as is known; empty
    /// before the first challenge, when the request should go out without.
    public Optional<String> header(Set<String> scopes) {
        lock.lock();
        try {
            Challenge c = challenge;
            return c == null ? Optional.empty() : answer(c, scopes);
        } finally {
            lock.unlock();
        }
    }

    /// Learns from a 401. Says whether sending the request again with [#header] makes sense.
    ///
    /// @param used what the refused request carried
    public boolean challenged(List<Challenge> offered, Set<String> scopes, Optional<String> used) {
        lock.lock();
        try {
            Optional<Challenge> pick = pick(offered);
            if (pick.isEmpty()) {
                return false;
            }
            Challenge c = pick.get();
            challenge = c;
            Set<String> key = scopesOf(c, scopes);
            Token cached = cache.get(key);
            // another thread may have renewed the token since the refused request went out
            if (cached != null && used.equals(Optional.of(cached.header()))) {
                cache.remove(key);
            }
            Optional<String> next = answer(c, scopes);
            return next.isPresent() && !next.equals(used);
        } finally {
            lock.unlock();
        }
    }

    /// Whether a credential for this host is known.
    public boolean hasCredential() {
        lock.lock();
        try {
            return credential().isPresent();
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Challenge> pick(List<Challenge> offered) {
        return offered.stream()
                .filter(Challenge::isBearer)
                .findFirst()
                .or(() -> offered.stream().filter(Challenge::isBasic).findFirst());
    }

    private Optional<String> answer(Challenge c, Set<String> scopes) {
        Optional<Credential> who = credential();
        if (who.isPresent() && who.get() instanceof Credential.RegistryToken(String token)) {
            return Optional.of("Bearer " + token);
        }
        if (c.isBasic()) {
            return who.map(Authorizer::basic);
        }
        Set<String> key = scopesOf(c, scopes);
        Token token = cache.get(key);
        if (token == null || !token.isFresh(Instant.now())) {
            token = tokens.fetch(new TokenClient.Query(host, c, key, who));
            if (cache.size() >= TOKENS_MAX) {
                cache.clear();
            }
            cache.put(key, token);
        }
        return Optional.of(token.header());
    }

    private Optional<Credential> credential() {
        if (!asked) {
            credential = credentials.forHost(host.name()).orElse(null);
            asked = true;
        }
        return Optional.ofNullable(credential);
    }

    private static Set<String> scopesOf(Challenge c, Set<String> scopes) {
        Set<String> all = new TreeSet<>(scopes);
        if (all.isEmpty()) {
            c.parameter("scope").ifPresent(s -> all.addAll(List.of(s.strip().split("\\s+", 16))));
        }
        return all;
    }

    static String basic(Credential credential) {
        return switch (credential) {
            case Credential.Password(String user, String password) ->
                "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
            case Credential.IdentityToken t ->
                throw new KelpException(
                        ErrorKind.UNAUTHENTICATED,
                        "the registry wants a password, but only an identity token is known");
            case Credential.RegistryToken(String token) -> "Bearer " + token;
        };
    }

    /// A bearer token and when to stop using it.
    record Token(String value, Instant expires) {
        boolean isFresh(Instant now) {
            return now.isBefore(expires);
        }

        String header() {
            return "Bearer " + value;
        }

        @Override
        public String toString() {
            return "Token[until " + expires + "]";
        }
    }
}
