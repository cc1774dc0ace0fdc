// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.registry.auth.Authorizer;
import dev.kelp.registry.auth.Challenge;
import dev.kelp.registry.hosts.RegistryHost;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Origin;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Request;
import dev.kelp.registry.http.Retries;
import dev.kelp.registry.http.Transport;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Talks to one host on behalf of one command: finds its scheme, authorises, follows redirects, tries again.
final class HostSession {
    /// 401s answered for one request: no token, an expired token, one more because clocks differ.
    private static final int AUTH_ROUNDS_MAX = 3;

    private final RegistryHost host;
    private final String domain;
    private final Transport transport;
    private final Access access;
    private final Authorizer authorizer;
    private final Retries retries;
    private final ReentrantLock probing = new ReentrantLock();
    private volatile @Nullable URI base;
    private volatile boolean failed;

    /// A session that has sent nothing yet.
    ///
    /// @param domain the registry's name in references, which mirrors are told
    HostSession(RegistryHost host, String domain, Transport transport, Access access) {
        this.host = host;
        this.domain = domain;
        this.transport = transport;
        this.access = access;
        this.retries = new Retries(transport.limits(), access.cancellation());
        boolean plain = host.plainHttpAllowed() || Origin.of(host.base()).isPlain();
        this.authorizer = new Authorizer(
                new Authorizer.Host(host.name(), plain, route(true)),
                access.credentials(),
                transport,
                access.cancellation());
    }

    String name() {
        return host.name();
    }

    HttpLimits limits() {
        return transport.limits();
    }

    Retries retries() {
        return retries;
    }

    Authorizer authorizer() {
        return authorizer;
    }

    boolean can(RegistryHost.Capability capability) {
        return host.capabilities().contains(capability);
    }

    /// Whether another host should be asked first from now on.
    boolean hasFailed() {
        return failed;
    }

    void setFailed() {
        failed = true;
    }

    /// The answer, whatever its status; the caller closes it.
    ///
    /// @throws KelpException when there is no answer
    Reply send(Call call) {
        try {
            return call.repeatable() ? retries.run(() -> authorized(call)) : authorized(call);
        } catch (IOException e) {
            throw RegistryErrors.unreachable(call.what(), e);
        }
    }

    /// The host's own origin, `https://example.com:5000`.
    String origin() {
        try {
            URI b = base();
            return b.getScheme() + "://" + b.getRawAuthority();
        } catch (IOException e) {
            throw RegistryErrors.unreachable("reach `" + host.name() + "`", e);
        }
    }

    /// The answer when its status is one of these.
    Reply expect(Call call, Integer... statuses) {
        Reply reply = send(call);
        if (List.of(statuses).contains(reply.status())) {
            return reply;
        }
        throw RegistryErrors.of(reply, call.what(), limits());
    }

    /// As [#expect], for answers whose body does not matter.
    Reply done(Call call, Integer... statuses) {
        Reply reply = expect(call, statuses);
        reply.discard(limits());
        return reply;
    }

    /// An URL the host gave (`Location`, `Link`), made absolute and checked: https never becomes http.
    URI resolve(Reply reply, String given, String what) {
        URI next;
        try {
            next = reply.uri().resolve(given.strip());
        } catch (IllegalArgumentException e) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE,
                    what + ": the registry points to `" + RegistryErrors.printable(given, 200) + "`, which is no URL",
                    e);
        }
        String scheme = String.valueOf(next.getScheme()).toLowerCase(Locale.ROOT);
        if (next.getHost() == null || !(scheme.equals("https") || scheme.equals("http"))) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE,
                    what + ": the registry points to `" + RegistryErrors.printable(given, 200)
                            + "`, which is neither http nor https");
        }
        if (scheme.equals("http") && !Origin.of(reply.uri()).isPlain() && !host.plainHttpAllowed()) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE,
                    what + ": the registry points from https to plain http at `" + next.getHost()
                            + "`, which is refused");
        }
        return next;
    }

    private Reply authorized(Call call) throws IOException {
        URI start = target(call);
        for (int round = 1; ; round++) {
            Optional<String> header = authorizer.header(call.scopes());
            Reply reply = follow(call, start, header);
            if (reply.status() != 401 || round >= AUTH_ROUNDS_MAX || !isHome(reply.uri())) {
                return reply;
            }
            boolean again = false;
            try {
                List<Challenge> offered = Challenge.parse(reply.headerValues("WWW-Authenticate"));
                again = authorizer.challenged(offered, call.scopes(), header);
            } catch (KelpException e) {
                reply.close();
                throw e.within(call.what());
            }
            if (!again) {
                return reply;
            }
            reply.discard(limits());
        }
    }

    private Reply follow(Call call, URI start, Optional<String> authorization) throws IOException {
        URI at = start;
        for (int hops = 0; ; hops++) {
            boolean home = isHome(at);
            Request request = new Request(
                    call.method(), at, headers(call, home ? authorization : Optional.empty(), home), call.body());
            Reply reply = transport.send(request, route(home), access.cancellation());
            Optional<String> location = reply.header("Location");
            if (!reply.isRedirect() || !request.isRead() || location.isEmpty()) {
                return reply;
            }
            reply.discard(limits());
            if (hops >= limits().redirectsMax()) {
                throw new KelpException(
                        ErrorKind.UNAVAILABLE, call.what() + ": more than " + limits().redirectsMax() + " redirects");
            }
            at = resolve(reply, location.get(), call.what());
        }
    }

    /// Credentials and the configuration's headers are for the host's own origin only.
    private Map<String, List<String>> headers(Call call, Optional<String> authorization, boolean home) {
        Map<String, List<String>> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        if (home) {
            all.putAll(host.headers());
        }
        all.putAll(call.headers());
        authorization.ifPresent(a -> all.put("Authorization", List.of(a)));
        return all;
    }

    private boolean isHome(URI uri) throws IOException {
        return Origin.of(uri).equals(Origin.of(base()));
    }

    private URI target(Call call) throws IOException {
        if (!call.target().startsWith("/")) {
            return URI.create(call.target());
        }
        String text = base() + call.target();
        if (!host.name().equals(domain)) {
            text += (text.indexOf('?') < 0 ? "?" : "&") + "ns=" + URLEncoder.encode(domain, StandardCharsets.UTF_8);
        }
        return URI.create(text);
    }

    private Transport.Route route(boolean home) {
        return new Transport.Route(
                home ? host.tls() : host.tls().withoutClients(),
                host.dialTimeout().orElse(transport.limits().connectTimeout()),
                access.proxies());
    }

    /// The API's root. Where the scheme is not known it is found by asking once: an answer other than 400 (what a
    /// TLS
    /// server says to plain http) settles it.
    private URI base() throws IOException {
        URI known = base;
        if (known != null) {
            return known;
        }
        probing.lock();
        try {
            known = base;
            if (known == null) {
                known = host.alternate().isEmpty()
                        ? host.base()
                        : probe(host.base(), host.alternate().get());
                base = known;
            }
            return known;
        } finally {
            probing.unlock();
        }
    }

    private URI probe(URI first, URI second) throws IOException {
        List<IOException> failures = new ArrayList<>();
        for (URI candidate : List.of(first, second)) {
            Request ping = Request.of("GET", URI.create(candidate + "/"), host.headers());
            try (Reply reply = transport.send(ping, route(true), access.cancellation())) {
                if (reply.status() != 400) {
                    reply.discard(limits());
                    return candidate;
                }
            } catch (IOException e) {
                failures.add(e);
            }
        }
        if (failures.isEmpty()) {
            return first;
        }
        IOException all = failures.getFirst();
        failures.stream().skip(1).forEach(all::addSuppressed);
        throw all;
    }
}
