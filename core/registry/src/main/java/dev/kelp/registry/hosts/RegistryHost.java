// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.hosts;

import dev.kelp.registry.http.Tls;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One host that serves a registry's name.
///
/// @param base scheme, authority and path that the API's paths are appended to, normally ending in `/v2`
/// @param alternate what to try when `base` does not answer as expected: the other scheme, for hosts where plain
///     http is allowed but nobody said which one it is
/// @param headers sent with each request to this host and to no other
/// @param plainHttpAllowed whether redirects and token servers may be plain http
public record RegistryHost(
        URI base,
        Optional<URI> alternate,
        Set<Capability> capabilities,
        Tls tls,
        Map<String, List<String>> headers,
        Optional<Duration> dialTimeout,
        boolean plainHttpAllowed) {

    /// What a host is asked for.
    public enum Capability {
        /// Blobs, and manifests by digest.
        PULL,
        /// Manifests by tag: a mirror that may be stale should not have it.
        RESOLVE,
        PUSH
    }

    public RegistryHost {
        capabilities = Set.copyOf(capabilities);
        headers = Map.copyOf(headers);
    }

    /// `host[:port]`, as credentials are looked up by; Docker Hub's servers are `docker.io`.
    public String name() {
        String authority = String.valueOf(base.getRawAuthority());
        return authority.equals("registry-1.docker.io") ? "docker.io" : authority;
    }
}
