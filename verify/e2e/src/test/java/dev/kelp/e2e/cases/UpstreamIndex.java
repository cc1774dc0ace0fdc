// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.cases.Case.Kind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The test functions of nerdctl's command line, by name, and where each one's expectation is looked after. Two files
/// may have a function of the same name.
record UpstreamIndex(List<Function> functions) {
    private static final String NERDCTL = "nerdctl ";

    /// @param word `case` (owed by the case list), or who else: `network`, `build`, `compose` … or why not:
    /// `windows` …
    record Function(String name, String word) {
        boolean isOwed() {
            return word.equals("case");
        }
    }

    /// Lines `Function word`, and comments.
    static UpstreamIndex parse(String text) {
        return new UpstreamIndex(text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> {
                    String[] parts = line.split(" ");
                    if (parts.length != 2) {
                        throw new IllegalArgumentException("expected `Function word`: " + line);
                    }
                    return new Function(parts[0], parts[1]);
                })
                .toList());
    }

    /// What cases refer to and this index does not know.
    List<String> unknown(List<Case> cases) {
        Set<String> known = functions.stream().map(Function::name).collect(Collectors.toSet());
        return cases.stream()
                .flatMap(c -> ofNerdctl(c)
                        .filter(name -> !known.contains(name))
                        .map(name -> c.area() + ".txt:" + c.line() + ": " + name))
                .toList();
    }

    /// How many functions a case covers as upstream has them, or otherwise on purpose, how many are owed and have
    /// none, how many are somebody else's.
    Map<String, Long> count(List<Case> cases) {
        Set<String> same = named(cases, Kind.PASS);
        Set<String> differing = named(cases, Kind.DIFFERS);
        return functions.stream()
                .collect(Collectors.groupingBy(
                        f -> same.contains(f.name)
                                ? "a case passes"
                                : differing.contains(f.name)
                                        ? "differing on purpose"
                                        : f.isOwed() ? "not yet" : "belongs to: " + f.word,
                        TreeMap::new,
                        Collectors.counting()));
    }

    /// The functions that the case list owes, with what is missing where a case says it.
    List<String> owed(List<Case> cases) {
        Set<String> covered = named(cases, Kind.PASS);
        covered.addAll(named(cases, Kind.DIFFERS));
        return functions.stream()
                .filter(f -> f.isOwed() && !covered.contains(f.name))
                .map(f -> f.name + missing(f, cases))
                .toList();
    }

    private static String missing(Function function, List<Case> cases) {
        return cases.stream()
                .filter(c -> c.kelp().kind() == Kind.NOT_YET && ofNerdctl(c).anyMatch(function.name::equals))
                .map(c -> ": " + c.kelp().reason())
                .findFirst()
                .orElse("");
    }

    private static Set<String> named(List<Case> cases, Kind kind) {
        return cases.stream()
                .filter(c -> c.kelp().kind() == kind)
                .flatMap(UpstreamIndex::ofNerdctl)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<String> ofNerdctl(Case about) {
        return about.upstream().stream().filter(u -> u.startsWith(NERDCTL)).map(u -> u.substring(NERDCTL.length()));
    }
}
