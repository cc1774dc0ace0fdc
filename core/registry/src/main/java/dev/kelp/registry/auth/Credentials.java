// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import java.util.Optional;

/// Where credentials come from. Asked at most once per host and command, when the registry wants some.
@FunctionalInterface
public interface Credentials {
    /// Nobody in particular.
    Credentials ANONYMOUS = host -> Optional.empty();

    /// The credential for a registry host as references name it: `docker.io`, `localhost:5000`.
    Optional<Credential> forHost(String host);

    /// These for one host only, as `login` and the API's `X-Registry-Auth` need it.
    static Credentials only(String host, Credential credential) {
        return asked -> asked.equals(host) ? Optional.of(credential) : Optional.empty();
    }
}
