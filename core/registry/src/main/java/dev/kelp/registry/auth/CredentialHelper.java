// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

/// Runs `docker-credential-NAME ACTION` in the user's session (the protocol of docker-credential-helpers).
@FunctionalInterface
public interface CredentialHelper {
    /// Runs one helper to its end.
    ///
    /// @param name the helper's name without `docker-credential-`; letters, digits, `.`, `_` and `-` only
    /// @param action `get`, `store`, `erase` or `list`
    /// @param stdin what the helper reads
    Output run(String name, String action, String stdin);

    /// What the helper said: both outputs matter, for errors are printed to stdout.
    record Output(int exitCode, String stdout) {
        @Override
        public String toString() {
            return "Output[" + exitCode + "]";
        }
    }
}
