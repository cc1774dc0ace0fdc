// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

/// The version scripts see: of the RootlessKit whose flags and API are served, since they ask it what those are.
final class Version {
    static final int MAJOR = 3;
    static final int MINOR = 0;
    static final int PATCH = 1;
    static final String TEXT = MAJOR + "." + MINOR + "." + PATCH + "+kelp";

    /// Of the REST API.
    static final String API = "1.1.1";

    private Version() {}
}
