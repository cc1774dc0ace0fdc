// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// A Java file as the compiler parses it: no types are resolved, so a file needs nothing but itself.
record JavaSource(String path, CompilationUnitTree unit, SourcePositions positions) {

    /// Parses texts by path.
    ///
    /// @throws IOException when one of them is not Java
    static List<JavaSource> parse(Map<String, String> sources) throws IOException {
        if (sources.isEmpty()) {
            return List.of();
        }
        var problems = new DiagnosticCollector<JavaFileObject>();
        var files = sources.entrySet().stream()
                .map(s -> new Text(s.getKey(), s.getValue()))
                .toList();
        JavacTask task = (JavacTask)
                ToolProvider.getSystemJavaCompiler().getTask(null, null, problems, List.of("-proc:none"), null, files);
        SourcePositions positions = Trees.instance(task).getSourcePositions();
        List<JavaSource> parsed = new ArrayList<>();
        for (CompilationUnitTree unit : task.parse()) {
            // the compiler hands out wrappers: the URI still is the one of the text
            parsed.add(new JavaSource(unit.getSourceFile().toUri().getPath().substring(1), unit, positions));
        }
        for (var problem : problems.getDiagnostics()) {
            if (problem.getKind() == Diagnostic.Kind.ERROR) {
                throw new IOException(problem.toString());
            }
        }
        return parsed;
    }

    /// The line a declaration starts on, its comment not counted.
    long line(Tree tree) {
        return unit.getLineMap().getLineNumber(positions.getStartPosition(unit, tree));
    }

    long lastLine(Tree tree) {
        return unit.getLineMap().getLineNumber(positions.getEndPosition(unit, tree));
    }

    Finding finding(Tree tree, String message) {
        return new Finding(path, line(tree), message);
    }

    /// Whether this is shipped, so not a test and not below `verify`.
    boolean isProduct() {
        return path.contains("/src/main/") && !path.startsWith("verify/");
    }

    String packageName() {
        return unit.getPackageName() == null ? "" : unit.getPackageName().toString();
    }

    /// A file in memory.
    static final class Text extends SimpleJavaFileObject {
        private final String content;

        Text(String path, String content) {
            super(URI.create("string:///" + path), Kind.SOURCE);
            this.content = content;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return content;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE;
        }
    }
}
