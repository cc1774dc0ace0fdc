// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import java.util.LinkedHashMap;
import java.util.Map;

/// How each case went on each engine, for the report.
final class Outcomes {
    enum Verdict {
        PASSED,
        FAILED,
        SKIPPED
    }

    private final Map<Case, Map<String, Verdict>> verdicts = new LinkedHashMap<>();

    synchronized void note(Case about, String engine, Verdict verdict) {
        verdicts.computeIfAbsent(about, c -> new LinkedHashMap<>()).put(engine, verdict);
    }

    synchronized Map<Case, Map<String, Verdict>> all() {
        return new LinkedHashMap<>(verdicts);
    }
}
