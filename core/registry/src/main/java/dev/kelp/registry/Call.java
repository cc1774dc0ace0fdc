// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.registry.http.Request;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One request to a registry host, before anything is known of schemes, tokens and redirects.
///
/// @param target a path below the API's root with an optional query, `/NAME/tags/list`, or an absolute URL that the
///     host gave
/// @param scopes what a token must allow: `repository:NAME:pull`
/// @param what what is tried on what, for errors
/// @param repeatable whether sending it twice does no harm
record Call(
        String method,
        String target,
        Map<String, List<String>> headers,
        Request.@Nullable Body body,
        Set<String> scopes,
        String what,
        boolean repeatable) {

    static Call of(String method, String target, Set<String> scopes, String what) {
        return new Call(method, target, Map.of(), null, scopes, what, true);
    }

    Call header(String name, String... values) {
        Map<String, List<String>> all = new TreeMap<>(headers);
        all.put(name, List.of(values));
        return new Call(method, target, all, body, scopes, what, repeatable);
    }

    Call withBody(Request.Body b, String contentType) {
        Call c = header("Content-Type", contentType);
        return new Call(method, target, c.headers, b, scopes, what, repeatable);
    }

    Call once() {
        return new Call(method, target, headers, body, scopes, what, false);
    }
}
