// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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

    /// How many functions are covered by a case, how many are owed and have none, how many are somebody else's.
    Map<String, Long> count(List<Case> cases) {
        Set<String> covered = covered(cases);
        return functions.stream()
                .collect(Collectors.groupingBy(
                        f -> covered.contains(f.name) ? "covered" : f.isOwed() ? "not yet" : f.word,
                        TreeMap::new,
                        Collectors.counting()));
    }

    /// The functions that the case list owes.
    List<String> owed(List<Case> cases) {
        Set<String> covered = covered(cases);
        return functions.stream()
                .filter(f -> f.isOwed() && !covered.contains(f.name))
                .map(Function::name)
                .toList();
    }

    private static Set<String> covered(List<Case> cases) {
        return cases.stream()
                .filter(Case::coversUpstream)
                .flatMap(UpstreamIndex::ofNerdctl)
                .collect(Collectors.toSet());
    }

    private static Stream<String> ofNerdctl(Case about) {
        return about.upstream().stream().filter(u -> u.startsWith(NERDCTL)).map(u -> u.substring(NERDCTL.length()));
    }
}
