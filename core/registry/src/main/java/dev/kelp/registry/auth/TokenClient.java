// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Request;
import dev.kelp.registry.http.Retries;
import dev.kelp.registry.http.Transport;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Fetches bearer tokens: by GET with Basic or nobody's name ("Token Authentication Specification" of the
/// distribution project), by POST with a refresh token for identity tokens ("OAuth 2").
///
/// The realm comes from the registry and is trusted as far as the registry is: it is not followed when it redirects,
/// and it may be plain http only when the registry is.
final class TokenClient {
    private static final int ANSWER_BYTES_MAX = 1 << 20;
    private static final int TOKEN_LENGTH_MAX = 64 << 10;
    /// By specification tokens are good for at least a minute, also when nothing or less is said.
    private static final long LIFE_SECONDS_DEFAULT = 60;
    private static final long LIFE_SECONDS_MAX = 24 * 3600;
    private static final String CLIENT_ID = "kelp";

    /// What a token is wanted for.
    record Query(Authorizer.Host host, Challenge challenge, Set<String> scopes, Optional<Credential> credential) {}

    private final Transport transport;
    private final Cancellation cancellation;

    TokenClient(Transport transport, Cancellation cancellation) {
        this.transport = transport;
        this.cancellation = cancellation;
    }

    Authorizer.Token fetch(Query query) {
        URI realm = realm(query);
        Request request = query.credential().isPresent()
                        && query.credential().get() instanceof Credential.IdentityToken(String user, String token)
                ? post(realm, query, token)
                : get(realm, query);
        String what = "get a token for `" + query.host().name() + "` from `" + realm.getHost() + "`";
        Transport.Route route =
                realm.getHost().equalsIgnoreCase(query.host().name().split(":", 2)[0])
                        ? query.host().route()
                        : new Transport.Route(
                                query.host().route().tls().withoutClients(),
                                query.host().route().connectTimeout(),
                                query.host().route().proxies());
        try (Reply reply =
                new Retries(transport.limits(), cancellation).run(() -> transport.send(request, route, cancellation))) {
            byte[] body =
                    reply.body().readUpTo(ANSWER_BYTES_MAX, transport.limits().stallTimeout());
            if (reply.status() != 200) {
                throw refused(what, reply, query);
            }
            return parse(body, what);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, what + ": " + e, e);
        }
    }

    private static KelpException refused(String what, Reply reply, Query query) {
        boolean known = query.credential().isPresent();
        ErrorKind kind = switch (reply.status()) {
            case 400, 401, 403 -> ErrorKind.UNAUTHENTICATED;
            case 429 -> ErrorKind.RESOURCE_EXHAUSTED;
            default -> ErrorKind.UNAVAILABLE;
        };
        KelpException e = new KelpException(kind, what + ": status " + reply.status());
        if (kind != ErrorKind.UNAUTHENTICATED) {
            return e;
        }
        return e.withHint(
                known
                        ? "the user name, password or token was refused; log in again"
                        : "this registry gives nothing to anonymous users; log in first");
    }

    private static URI realm(Query query) {
        String text = query.challenge().parameter("realm").orElse("");
        String what = "the token server `" + text + "` that `" + query.host().name() + "` names ";
        URI realm;
        try {
            realm = URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new KelpException(ErrorKind.UNAUTHENTICATED, what + "is not a URL", e);
        }
        boolean http = "http".equalsIgnoreCase(realm.getScheme());
        if (realm.getHost() == null
                || realm.getUserInfo() != null
                || (!http && !"https".equalsIgnoreCase(realm.getScheme()))) {
            throw new KelpException(ErrorKind.UNAUTHENTICATED, what + "is not an https URL");
        }
        if (http && !query.host().plainHttp()) {
            throw new KelpException(
                    ErrorKind.UNAUTHENTICATED, what + "is plain http; credentials are not sent there from https");
        }
        return realm;
    }

    private static Request get(URI realm, Query query) {
        StringBuilder form = new StringBuilder();
        query.challenge().parameter("service").ifPresent(s -> add(form, "service", s));
        query.scopes().forEach(s -> add(form, "scope", s));
        Map<String, List<String>> headers = new HashMap<>();
        headers.put("Accept", List.of("application/json"));
        query.credential().ifPresent(c -> {
            if (c instanceof Credential.Password(String user, String password)) {
                add(form, "account", user);
            }
            headers.put("Authorization", List.of(Authorizer.basic(c)));
        });
        String join = realm.getRawQuery() == null ? "?" : "&";
        String bare = realm.toString().split("#", 2)[0];
        return Request.of("GET", URI.create(form.isEmpty() ? bare : bare + join + form), headers);
    }

    private static Request post(URI realm, Query query, String refreshToken) {
        StringBuilder form = new StringBuilder();
        add(form, "grant_type", "refresh_token");
        add(
                form,
                "service",
                query.challenge().parameter("service").orElse(query.host().name()));
        add(form, "client_id", CLIENT_ID);
        if (!query.scopes().isEmpty()) {
            add(form, "scope", String.join(" ", query.scopes()));
        }
        add(form, "refresh_token", refreshToken);
        return new Request(
                "POST",
                realm,
                Map.of(
                        "Accept", List.of("application/json"),
                        "Content-Type", List.of("application/x-www-form-urlencoded")),
                Request.Body.of(form.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static void add(StringBuilder form, String name, String value) {
        form.append(form.isEmpty() ? "" : "&")
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }

    static Authorizer.Token parse(byte[] body, String what) {
        if (body.length > ANSWER_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED, what + ": the answer is over " + ANSWER_BYTES_MAX + " bytes");
        }
        JsonNode answer = OciJson.tree(body, what + ": the answer");
        String token = answer.path("token").asString("");
        if (token.isEmpty()) {
            token = answer.path("access_token").asString("");
        }
        if (token.isEmpty()
                || token.length() > TOKEN_LENGTH_MAX
                || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new KelpException(ErrorKind.UNAUTHENTICATED, what + ": the answer has no usable token");
        }
        long life = answer.path("expires_in").asLong(LIFE_SECONDS_DEFAULT);
        life = Math.clamp(life, LIFE_SECONDS_DEFAULT, LIFE_SECONDS_MAX);
        // a tenth earlier, so that a request does not arrive with a token that expired under way
        return new Authorizer.Token(token, issued(answer).plusSeconds(life - life / 10));
    }

    private static Instant issued(JsonNode answer) {
        Instant now = Instant.now();
        try {
            Instant at =
                    OffsetDateTime.parse(answer.path("issued_at").asString("")).toInstant();
            // a server whose clock is ahead must not make a token live longer
            return at.isBefore(now) ? at : now;
        } catch (DateTimeException e) {
            return now;
        }
    }
}
