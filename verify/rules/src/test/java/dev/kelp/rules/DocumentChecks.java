// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What the documents and the build claim about the tree.
final class DocumentChecks {
    private static final String ARCHITECTURE = "ARCHITECTURE.md";
    private static final Map<String, Integer> MAX_LINES = Map.of(ARCHITECTURE, 200, "CONTRIBUTING.md", 150);
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
    private static final Pattern TYPE = Pattern.compile("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*");
    private static final Pattern PATH = Pattern.compile("[a-z][\\w.-]*(?:/[\\w.-]+)+/?");
    private static final Pattern FIRST_CELL = Pattern.compile("(?m)^\\| `([a-z][a-z/]*)` \\|(.*)$");
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

    private DocumentChecks() {}

    /// Each type and each path of the tree that is named in backticks is there.
    static List<Finding> namedThing(SourceTree tree) {
        Set<String> types = JavaChecks.typeNames(tree);
        return tree.lines(MAX_LINES::containsKey, (path, line) -> {
            String missing = QUOTED.matcher(line)
                    .results()
                    .map(m -> m.group(1))
                    .filter(name -> isMissing(tree, types, name))
                    .collect(Collectors.joining(", "));
            return missing.isEmpty() ? null : "does not exist: " + missing;
        });
    }

    private static boolean isMissing(SourceTree tree, Set<String> types, String name) {
        if (TYPE.matcher(name).matches()) {
            return !types.contains(name);
        }
        return PATH.matcher(name).matches() && !name.startsWith("target/") && !tree.contains(name);
    }

    /// What everybody is to read is short enough for it.
    static List<Finding> length(SourceTree tree) {
        return tree.paths(MAX_LINES::containsKey).stream()
                .filter(p -> tree.text(p).lines().count() > MAX_LINES.get(p))
                .map(p -> new Finding(p, 0, "more than " + MAX_LINES.get(p) + " lines"))
                .toList();
    }

    /// The modules of the build, the folders with a pom and the table of the layout are the same.
    static List<Finding> module(SourceTree tree) {
        List<Finding> found = new ArrayList<>();
        List<String> modules = MODULE.matcher(tree.text("pom.xml"))
                .results()
                .map(m -> m.group(1))
                .toList();
        for (String pom : tree.paths(p -> p.endsWith("/pom.xml"))) {
            if (!modules.contains(pom.replace("/pom.xml", ""))) {
                found.add(new Finding(pom, 0, "the root pom does not name this module"));
            }
        }
        for (String module : modules) {
            if (!tree.contains(module + "/pom.xml")) {
                found.add(new Finding("pom.xml", 0, "module " + module + " has no pom"));
            }
            if (!isInLayout(tree, module)) {
                found.add(new Finding(ARCHITECTURE, 0, "module " + module + " is not in the table of the layout"));
            }
        }
        return found;
    }

    /// A row of its own, or a word in the row of the folder above.
    private static boolean isInLayout(SourceTree tree, String module) {
        String parent = module.substring(0, module.lastIndexOf('/') + 1);
        String name = module.substring(parent.length());
        return FIRST_CELL
                .matcher(tree.text(ARCHITECTURE))
                .results()
                .anyMatch(row -> row.group(1).equals(module)
                        || parent.equals(row.group(1) + "/") && row.group(2).contains("`" + name + "`"));
    }
}
