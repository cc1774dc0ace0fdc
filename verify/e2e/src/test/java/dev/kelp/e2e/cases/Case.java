// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import java.util.List;

/// Commands as typed and what is expected of them.
///
/// @param area the name of its file
/// @param line where it begins there
/// @param upstream test functions whose expectation it states, as `nerdctl TestRunEnv`
/// @param needs what the machine must have, or the case is skipped
/// @param clean commands typed afterwards, whatever happened
record Case(
        String area,
        int line,
        String name,
        List<String> upstream,
        Status kelp,
        Status podman,
        List<String> needs,
        int timeoutSeconds,
        List<Step> steps,
        List<String> clean) {

    /// What is said about an engine.
    ///
    /// @param reason why, for [Kind#DIFFERS] and [Kind#NOT_YET]
    record Status(Kind kind, String reason) {
        static final Status PASS = new Status(Kind.PASS, "");
        static final Status NOT_ASKED = new Status(Kind.NOT_ASKED, "");
    }

    enum Kind {
        /// As upstream.
        PASS,
        /// On purpose other than upstream: for Kelp the case states what is right instead and must pass; of
        /// Podman
        /// nothing is expected, its outcome is only told.
        DIFFERS,
        /// Runs and must fail: a case that passes unnoticed would stay on the list of gaps.
        NOT_YET,
        /// Not asked of this engine.
        NOT_ASKED
    }

    record Step(int line, String command, List<Expectation> expectations) {}

    /// The name's letters, as part of the names of containers and files.
    String slug() {
        String slug = name.toLowerCase(java.util.Locale.ROOT)
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
        return slug.substring(0, Math.min(slug.length(), 30)).replaceAll("-$", "");
    }
}
