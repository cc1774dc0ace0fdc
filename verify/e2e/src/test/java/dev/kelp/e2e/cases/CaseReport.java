// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.cases.Case.Kind;
import dev.kelp.e2e.cases.Outcomes.Verdict;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/// The table of `target/cases.md`.
final class CaseReport {
    private static final String KELP = "kelp";
    private static final String PODMAN = "podman";

    private final Map<Case, Map<String, Verdict>> verdicts;
    private final StringBuilder text = new StringBuilder();

    private CaseReport(Map<Case, Map<String, Verdict>> verdicts) {
        this.verdicts = verdicts;
    }

    static String of(Outcomes outcomes, UpstreamIndex index, List<Case> listed) {
        CaseReport report = new CaseReport(outcomes.all());
        report.summary(index, listed);
        report.reasons("Different on purpose", Kind.DIFFERS);
        report.reasons("Not yet", Kind.NOT_YET);
        report.suspects();
        report.table();
        report.owed(index.owed(listed));
        return report.text.toString();
    }

    private void summary(UpstreamIndex index, List<Case> listed) {
        text.append("# Cases\n\n| | kelp | podman |\n|---|---|---|\n");
        // Podman's `differs` says that it does not do what is asked, Kelp's that upstream does not
        row(
                "passed",
                (status, v) -> v == Verdict.PASSED && status.kind() == Kind.PASS,
                (status, v) -> v == Verdict.PASSED);
        row(
                "differing on purpose",
                (status, v) -> v == Verdict.PASSED && status.kind() == Kind.DIFFERS,
                (status, v) -> v == Verdict.FAILED && status.kind() == Kind.DIFFERS);
        row("not yet", (status, v) -> v == Verdict.PASSED && status.kind() == Kind.NOT_YET, (status, v) -> false);
        row(
                "failed",
                (status, v) -> v == Verdict.FAILED,
                (status, v) -> v == Verdict.FAILED && status.kind() != Kind.DIFFERS);
        row(
                "skipped: the machine lacks something",
                (status, v) -> v == Verdict.SKIPPED,
                (status, v) -> v == Verdict.SKIPPED);
        text.append("\nThe %d test functions of nerdctl's command line:\n\n| | functions |\n|---|---|\n"
                .formatted(index.functions().size()));
        index.count(listed)
                .forEach((word, count) -> text.append("| ")
                        .append(word)
                        .append(" | ")
                        .append(count)
                        .append(" |\n"));
    }

    private void row(String what, BiPredicate<Case.Status, Verdict> kelp, BiPredicate<Case.Status, Verdict> podman) {
        long ofKelp = verdicts.entrySet().stream()
                .filter(e -> e.getValue().containsKey(KELP)
                        && kelp.test(e.getKey().kelp(), e.getValue().get(KELP)))
                .count();
        long ofPodman = verdicts.entrySet().stream()
                .filter(e -> e.getValue().containsKey(PODMAN)
                        && podman.test(e.getKey().podman(), e.getValue().get(PODMAN)))
                .count();
        text.append("| %s | %d | %d |%n".formatted(what, ofKelp, ofPodman));
    }

    private void reasons(String heading, Kind kind) {
        List<Case> cases =
                verdicts.keySet().stream().filter(c -> c.kelp().kind() == kind).toList();
        if (cases.isEmpty()) {
            return;
        }
        text.append("\n## ").append(heading).append("\n\n| case | reason |\n|---|---|\n");
        cases.forEach(c -> text.append(
                "| %s: %s | %s |%n".formatted(c.area(), c.name(), c.kelp().reason())));
    }

    /// What fails on both engines asks for something no engine does.
    private void suspects() {
        List<Case> both = verdicts.entrySet().stream()
                .filter(e -> e.getValue().get(PODMAN) == Verdict.FAILED
                        && (e.getValue().get(KELP) == Verdict.FAILED
                                || e.getKey().kelp().kind() == Kind.NOT_YET))
                .map(Map.Entry::getKey)
                .toList();
        if (!both.isEmpty()) {
            text.append("\n## Suspect: fails on both engines\n\n");
            both.forEach(c -> text.append("- %s: %s%n".formatted(c.area(), c.name())));
        }
    }

    private void table() {
        text.append("\n## All\n\n| case | kelp | podman | upstream |\n|---|---|---|---|\n");
        verdicts.forEach((about, of) -> text.append("| %s: %s | %s | %s | %s |%n"
                .formatted(
                        about.area(),
                        about.name(),
                        word(about.kelp(), of.get(KELP)),
                        word(about.podman(), of.get(PODMAN)),
                        String.join(", ", about.upstream()))));
    }

    private static String word(Case.Status status, @org.jspecify.annotations.Nullable Verdict verdict) {
        if (verdict == null) {
            return status.kind() == Kind.NOT_ASKED ? "" : "not asked";
        }
        return switch (verdict) {
            case SKIPPED -> "skipped";
            case FAILED -> status.kind() == Kind.DIFFERS ? "fails: " + status.reason() : "fails";
            case PASSED ->
                switch (status.kind()) {
                    case NOT_YET -> "not yet: " + status.reason();
                    case DIFFERS -> "passed, differs on purpose";
                    default -> "passed";
                };
        };
    }

    private void owed(List<String> functions) {
        if (!functions.isEmpty()) {
            text.append("\n## Functions of nerdctl's not yet covered\n\n");
            functions.forEach(f -> text.append("- ").append(f).append('\n'));
        }
    }
}
