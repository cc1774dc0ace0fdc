// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.registry.auth.Credential;
import dev.kelp.registry.auth.Credentials;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Transport;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/// All registries as one command sees them. Cheap to make; safe for parallel use; nothing to close.
public final class Registry {
    private final Transport transport;
    private final Access access;
    private final ConcurrentHashMap<String, List<HostSession>> sessions = new ConcurrentHashMap<>();

    /// A view for one command.
    ///
    /// @param transport borrowed, outlives this
    public Registry(Transport transport, Access access) {
        this.transport = transport;
        this.access = access;
    }

    public Resolver resolver() {
        return new Resolver(this);
    }

    /// For the repository that the reference names; its tag and digest do not matter.
    public Fetcher fetcher(Reference repository) {
        return new Fetcher(this, repository);
    }

    /// For the repository that the reference names; its tag and digest do not matter.
    public Pusher pusher(Reference repository) {
        return new Pusher(this, repository);
    }

    public Listing listing() {
        return new Listing(this);
    }

    /// @param key see [CosignVerification#key]
    public CosignVerification cosign(PublicKey key) {
        return new CosignVerification(this, key);
    }

    public Search search() {
        return new Search(this);
    }

    /// Tries a credential on a registry, as `login` must before it is kept.
    ///
    /// @throws KelpException [ErrorKind#UNAUTHENTICATED] when the registry refuses it
    public void login(String domain, Credential credential) {
        Registry asUser =
                new Registry(transport, access.withCredentials(Credentials.only(loginName(domain), credential)));
        HostSession server = asUser.sessions(domain).getLast();
        String what = "log in to `" + domain + "`";
        Reply reply = server.send(Call.of("GET", "/", Set.of(), what));
        if (reply.status() == 401) {
            reply.discard(transport.limits());
            KelpException e = new KelpException(
                    ErrorKind.UNAUTHENTICATED, what + ": the user name, password or token was refused");
            throw domain.equals("docker.io")
                    ? e.withHint("with two-factor authentication, use an access token in place of the password")
                    : e;
        }
        if (reply.status() == 404) {
            reply.discard(transport.limits());
            throw new KelpException(ErrorKind.UNSUPPORTED, what + ": the host does not offer the registry API at /v2/")
                    .withHint("check the registry's name; the API may be at another host or port");
        }
        if (reply.status() != 200) {
            throw RegistryErrors.of(reply, what, transport.limits());
        }
        reply.discard(transport.limits());
    }

    private String loginName(String domain) {
        return sessions(domain).getLast().name();
    }

    Access access() {
        return access;
    }

    Transport transport() {
        return transport;
    }

    private List<HostSession> sessions(String domain) {
        return sessions.computeIfAbsent(
                domain,
                d -> access.hosts().hosts(d, access.insecure()).stream()
                        .map(h -> new HostSession(h, d, transport, access))
                        .toList());
    }

    /// What the first host that can do it answers. A host that cannot be reached, or has not got it, or answers
    /// nonsense is passed over; the registry's own error is the one reported when all fail. A push goes to
    /// the first host only, so that an image is never spread over several.
    <T> T first(String domain, Capability capability, Function<HostSession, T> action) {
        List<HostSession> order = new ArrayList<>();
        List<HostSession> able = sessions(domain).stream()
                .filter(s -> s.can(capability))
                .limit(capability == Capability.PUSH ? 1 : Long.MAX_VALUE)
                .toList();
        able.stream().filter(s -> !s.hasFailed()).forEach(order::add);
        able.stream().filter(HostSession::hasFailed).forEach(order::add);
        List<KelpException> failures = new ArrayList<>();
        for (HostSession session : order) {
            try {
                return action.apply(session);
            } catch (KelpException e) {
                if (e.kind() == ErrorKind.CANCELLED) {
                    throw e;
                }
                if (e.kind() == ErrorKind.UNAVAILABLE) {
                    session.setFailed();
                }
                failures.add(e);
            }
        }
        if (failures.isEmpty()) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "no host of `" + domain + "` is set up to " + verb(capability))
                    .withHint("see `capabilities` in its hosts.toml");
        }
        // the last in file order is the registry itself, wherever its failure made it stand in the queue
        int server = order.indexOf(able.getLast());
        KelpException worst = failures.get(server);
        failures.stream().filter(e -> e != worst).forEach(worst::addSuppressed);
        throw worst;
    }

    /// The registry's own host, for what mirrors are not asked.
    HostSession server(String domain) {
        return sessions(domain).getLast();
    }

    private static String verb(Capability capability) {
        return switch (capability) {
            case PULL -> "pull from";
            case RESOLVE -> "resolve tags";
            case PUSH -> "push to";
        };
    }

    static Set<String> pull(Reference repository) {
        return Set.of("repository:" + repository.path() + ":pull");
    }

    static Set<String> push(Reference repository) {
        return Set.of("repository:" + repository.path() + ":pull,push");
    }
}
