// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

/// One proof of identity. Its text form never shows the secret.
public sealed interface Credential {
    /// A user name with a password or an access token.
    record Password(String username, String password) implements Credential {
        @Override
        public String toString() {
            return "Password[" + username + "]";
        }
    }

    /// A refresh token (Docker's `identitytoken`), exchanged at the token server for short-lived ones. The user
    /// name
    /// may be empty.
    record IdentityToken(String username, String token) implements Credential {
        @Override
        public String toString() {
            return "IdentityToken[]";
        }
    }

    /// A bearer token sent to the registry as it is (Docker's `registrytoken`).
    record RegistryToken(String token) implements Credential {
        @Override
        public String toString() {
            return "RegistryToken[]";
        }
    }
}
