// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.Reply;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Looks for images by words, through the search of Docker's first registry API (`/v1/search`), which Docker Hub and
/// many other registries still have. One that has not is asked for its catalogue.
public final class Search {
    public static final int LIMIT_MAX = 100;
    private static final String HUB = "https://index.docker.io";
    private static final int TEXT_MAX = 4_096;

    private final Registry registry;

    Search(Registry registry) {
        this.registry = registry;
    }

    /// What was found.
    ///
    /// @param stars −1: the registry does not count them
    public record Hit(String name, String description, int stars, boolean official, boolean automated) {}

    /// @param term words, or `HOST/words` for another registry than Docker Hub
    public List<Hit> find(String term, int limit) {
        if (limit < 1 || limit > LIMIT_MAX) {
            throw KelpException.invalid("a limit of " + limit + " is outside the range of 1 to " + LIMIT_MAX);
        }
        if (term.contains("://")) {
            throw KelpException.invalid("`" + term + "` is an URL, which a search does not take")
                    .withHint("leave the scheme out");
        }
        int slash = term.indexOf('/');
        String first = slash < 0 ? term : term.substring(0, slash);
        boolean hosted = slash > 0 && (first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost"));
        String domain = !hosted || first.equals("index.docker.io") ? "docker.io" : first;
        String words = hosted ? term.substring(slash + 1) : term;
        return domain.equals("docker.io")
                ? index(registry.server(domain), HUB, words, limit).orElse(List.of())
                : hosted(domain, words, limit);
    }

    private List<Hit> hosted(String domain, String words, int limit) {
        HostSession session = registry.server(domain);
        return index(session, session.origin(), words, limit).orElseGet(() -> catalogue(domain, words, limit)).stream()
                .map(h -> new Hit(domain + "/" + h.name, h.description, h.stars, h.official, h.automated))
                .toList();
    }

    /// Empty when the host has no such API.
    private static Optional<List<Hit>> index(HostSession session, String origin, String words, int limit) {
        String what = "search for `" + words + "` at " + session.name();
        String target = origin + "/v1/search?q=" + URLEncoder.encode(words, StandardCharsets.UTF_8) + "&n=" + limit;
        Reply reply = session.expect(Call.of("GET", target, Set.of(), what), 200, 404);
        if (reply.status() == 404) {
            reply.discard(session.limits());
            return Optional.empty();
        }
        JsonNode answer = OciJson.tree(Listing.body(session, reply, what), what);
        List<Hit> hits = new ArrayList<>();
        for (JsonNode r : answer.path("results")) {
            if (hits.size() == limit) {
                break;
            }
            hits.add(new Hit(
                    RegistryErrors.printable(r.path("name").asString(""), 256),
                    RegistryErrors.printable(
                            r.path("description").asString("").replaceAll("[\\r\\n\\t]+", " "), TEXT_MAX),
                    r.path("star_count").asInt(0),
                    r.path("is_official").asBoolean(false),
                    r.path("is_automated").asBoolean(false)));
        }
        return Optional.of(hits);
    }

    private List<Hit> catalogue(String domain, String words, int limit) {
        String wanted = words.toLowerCase(Locale.ROOT);
        return registry.listing().repositories(domain).stream()
                .filter(n -> n.contains(wanted))
                .limit(limit)
                .map(n -> new Hit(n, "", -1, false, false))
                .toList();
    }
}
