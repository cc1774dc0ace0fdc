// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Origin;
import dev.kelp.registry.http.Reply;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Lists what registries have, page by page.
public final class Listing {
    static final int PAGES_MAX = 1_000;
    static final int NAMES_MAX = 200_000;
    private static final int PAGE_BYTES_MAX = 4 << 20;
    private static final int PAGE_ENTRIES = 1_000;
    private static final Pattern NEXT = Pattern.compile("<([^<>]{1,4096})>\\s*;\\s*rel=\"?next\"?");

    private final Registry registry;

    Listing(Registry registry) {
        this.registry = registry;
    }

    /// All tags of a repository in the registry's order; asks the registry itself, no mirror.
    public List<String> tags(Reference repository) {
        String what = "list the tags of `" + repository.familiarRepository() + "`";
        String target = "/" + repository.path() + "/tags/list?n=" + PAGE_ENTRIES;
        Call first = Call.of("GET", target, Registry.pull(repository), what);
        return names(registry.server(repository.domain()), first, "tags");
    }

    /// All repositories of a registry, where it lets this user see them.
    public List<String> repositories(String domain) {
        Call first = Call.of(
                "GET",
                "/_catalog?n=" + PAGE_ENTRIES,
                Set.of("registry:catalog:*"),
                "list the repositories of `" + domain + "`");
        return names(registry.server(domain), first, "repositories");
    }

    /// The manifests that say a given one is their subject (signatures, SBOMs): by the referrers API, or by the tag
    /// scheme where the registry has no such API.
    public List<Descriptor> referrers(Reference repository, Digest subject) {
        String what = "list the referrers of " + subject + " in `" + repository.familiarRepository() + "`";
        return registry.first(repository.domain(), Capability.PULL, session -> {
            Call call = Call.of(
                            "GET", "/" + repository.path() + "/referrers/" + subject, Registry.pull(repository), what)
                    .header("Accept", MediaTypes.OCI_INDEX);
            Reply reply = session.expect(call, 200, 404);
            if (reply.status() == 404) {
                reply.discard(session.limits());
                return byTag(session, repository, subject);
            }
            Index index = OciJson.read(body(session, reply, what), Index.class, what);
            if (index.manifests().size() > DocumentReader.INDEX_ENTRIES_MAX) {
                throw new KelpException(ErrorKind.RESOURCE_EXHAUSTED, what + ": too many");
            }
            return index.manifests();
        });
    }

    private static List<Descriptor> byTag(HostSession session, Reference repository, Digest subject) {
        String tag = subject.algorithm() + "-" + subject.hex();
        Reference tagged = repository.withTag(tag.substring(0, Math.min(tag.length(), 128)));
        try {
            return Resolver.fetch(session, tagged, null, "list the referrers of " + subject)
                    .index()
                    .manifests();
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private static List<String> names(HostSession session, Call first, String field) {
        Set<String> all = new LinkedHashSet<>();
        Set<URI> seen = new LinkedHashSet<>();
        Call call = first;
        for (int page = 0; page < PAGES_MAX; page++) {
            Reply reply = session.expect(call, 200);
            JsonNode answer = OciJson.tree(body(session, reply, call.what()), call.what());
            for (JsonNode name : answer.path(field)) {
                all.add(RegistryErrors.printable(name.asString(""), 256));
            }
            if (all.size() > NAMES_MAX) {
                throw new KelpException(ErrorKind.RESOURCE_EXHAUSTED, call.what() + ": more than " + NAMES_MAX);
            }
            Optional<URI> next = next(session, reply, call.what());
            if (next.isEmpty() || !seen.add(next.get())) {
                return new ArrayList<>(all);
            }
            call = Call.of("GET", next.get().toString(), first.scopes(), first.what());
        }
        throw new KelpException(ErrorKind.RESOURCE_EXHAUSTED, first.what() + ": more than " + PAGES_MAX + " pages");
    }

    /// The next page, which must be at the same origin.
    private static Optional<URI> next(HostSession session, Reply reply, String what) {
        for (String link : reply.headerValues("Link")) {
            Matcher m = NEXT.matcher(link);
            if (m.find()) {
                URI uri = session.resolve(reply, Objects.requireNonNull(m.group(1)), what);
                if (!Origin.of(uri).equals(Origin.of(reply.uri()))) {
                    throw new KelpException(
                            ErrorKind.UNAVAILABLE, what + ": the next page is said to be at another host");
                }
                return Optional.of(uri);
            }
        }
        return Optional.empty();
    }

    static byte[] body(HostSession session, Reply reply, String what) {
        try (reply) {
            byte[] bytes =
                    reply.body().readUpTo(PAGE_BYTES_MAX, session.limits().stallTimeout());
            if (bytes.length > PAGE_BYTES_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, what + ": a page is over " + PAGE_BYTES_MAX + " bytes");
            }
            return bytes;
        } catch (IOException e) {
            throw RegistryErrors.unreachable(what, e);
        }
    }
}
