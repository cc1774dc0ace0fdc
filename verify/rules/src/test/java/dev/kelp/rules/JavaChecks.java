// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePathScanner;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;

/// The checks that need the syntax of Java, not only its lines.
final class JavaChecks {
    static final int MAX_METHOD_LINES = 70;
    static final int MAX_PARAMETERS = 4;
    /// Where the process' own directory and properties are what is meant.
    private static final Set<String> OUTSIDE_THE_NAMESPACE = Set.of(
            "cmd/daemon/src/main/java/dev/kelp/daemon/DaemonMain.java",
            "cmd/launcher/src/main/java/dev/kelp/launcher/LauncherMain.java");

    private static final Pattern EXPORTS = Pattern.compile("exports ([\\w.]+);");
    /// A credential helper is the field's own term: docker's protocol for programs that keep passwords.
    private static final Pattern VAGUE = Pattern.compile("(?:Utils?|Common|(?<!Credential)Helpers?|Managers?|Impl)$");

    private JavaChecks() {}

    static List<Finding> methodLength(SourceTree tree) {
        return scan(
                tree,
                s -> true,
                (source, found) -> new Visitor() {
                    @Override
                    public Void visitMethod(MethodTree method, Void unused) {
                        // A table of inputs in an annotation is not code.
                        long start = method.getModifiers().getAnnotations().isEmpty()
                                ? source.line(method)
                                : source.lastLine(method.getModifiers());
                        check(method, start, method.getName().toString());
                        return super.visitMethod(method, null);
                    }

                    @Override
                    public Void visitBlock(BlockTree block, Void unused) {
                        if (getCurrentPath().getParentPath().getLeaf() instanceof ClassTree) {
                            check(block, source.line(block), "initializer");
                        }
                        return super.visitBlock(block, null);
                    }

                    private void check(Tree code, long start, String name) {
                        long lines = source.lastLine(code) - start + 1;
                        if (lines > MAX_METHOD_LINES) {
                            found.add(source.finding(
                                    code, name + " has " + lines + " lines, " + MAX_METHOD_LINES + " at most"));
                        }
                    }
                }.scan(source.unit(), null));
    }

    static List<Finding> relativePath(SourceTree tree) {
        return calls(tree, JavaChecks::isInTheNamespace, (call, argument) -> {
            boolean makesPath = Set.of("Path.of", "Paths.get").contains(call);
            return makesPath && argument != null && !argument.startsWith("/")
                    ? "relative path \"" + argument + "\": resolve it against a path that was passed in"
                    : null;
        });
    }

    static List<Finding> userProperty(SourceTree tree) {
        return calls(
                tree,
                JavaChecks::isInTheNamespace,
                (call, argument) ->
                        call.equals("System.getProperty") && argument != null && argument.startsWith("user.")
                                ? "property " + argument + " is of root in the namespace: ask the client's environment"
                                : null);
    }

    private static boolean isInTheNamespace(JavaSource source) {
        return source.isProduct()
                && !source.path().startsWith("cmd/dist/")
                && !OUTSIDE_THE_NAMESPACE.contains(source.path());
    }

    static List<Finding> silentSkip(SourceTree tree) {
        return scan(
                tree,
                s -> true,
                (source, found) -> new Visitor() {
                    @Override
                    public Void visitAnnotation(AnnotationTree annotation, Void unused) {
                        if (simpleName(annotation.getAnnotationType()).equals("Disabled")
                                && annotation.getArguments().isEmpty()) {
                            found.add(source.finding(annotation, "@Disabled without a reason"));
                        }
                        return super.visitAnnotation(annotation, null);
                    }

                    @Override
                    public Void visitMethodInvocation(MethodInvocationTree call, Void unused) {
                        boolean assumes =
                                Set.of("assumeTrue", "assumeFalse").contains(simpleName(call.getMethodSelect()));
                        if (assumes && call.getArguments().size() == 1) {
                            found.add(source.finding(call, "assumption without a message: a skip says why"));
                        }
                        return super.visitMethodInvocation(call, null);
                    }
                }.scan(source.unit(), null));
    }

    static List<Finding> parameters(SourceTree tree) {
        Set<String> exported = exportedPackages(tree);
        // Typed system calls keep the arguments of the manual page.
        exported.remove("dev.kelp.linux");
        return scan(
                tree,
                s -> s.isProduct() && exported.contains(s.packageName()),
                (source, found) -> new Visitor() {
                    @Override
                    public Void visitClass(ClassTree type, Void unused) {
                        boolean visible = type.getModifiers().getFlags().contains(Modifier.PUBLIC)
                                || getCurrentPath().getParentPath().getLeaf() instanceof ClassTree outer
                                        && isInterface(outer);
                        return visible ? super.visitClass(type, null) : null;
                    }

                    @Override
                    public Void visitMethod(MethodTree method, Void unused) {
                        ClassTree owner =
                                (ClassTree) getCurrentPath().getParentPath().getLeaf();
                        int count = method.getParameters().size();
                        if (count > MAX_PARAMETERS && isPublic(method, owner)) {
                            found.add(source.finding(
                                    method,
                                    method.getName() + " has " + count + " parameters, " + MAX_PARAMETERS
                                            + " at most: make a record of what belongs together"));
                        }
                        return null;
                    }
                }.scan(source.unit(), null));
    }

    /// What others have to call: not the header of a record, and not what some interface made it.
    private static boolean isPublic(MethodTree method, ClassTree owner) {
        Set<Modifier> flags = method.getModifiers().getFlags();
        boolean visible = isInterface(owner) ? !flags.contains(Modifier.PRIVATE) : flags.contains(Modifier.PUBLIC);
        boolean header = owner.getKind() == Tree.Kind.RECORD && method.getReturnType() == null;
        boolean overrides = method.getModifiers().getAnnotations().stream()
                .anyMatch(a -> simpleName(a.getAnnotationType()).equals("Override"));
        return visible && !header && !overrides;
    }

    private static boolean isInterface(ClassTree type) {
        return type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
    }

    static List<Finding> vagueName(SourceTree tree) {
        return scan(
                tree,
                s -> true,
                (source, found) -> new Visitor() {
                    @Override
                    public Void visitClass(ClassTree type, Void unused) {
                        String name = type.getSimpleName().toString();
                        if (VAGUE.matcher(name).find()) {
                            found.add(source.finding(type, name + " says nothing: name what it does"));
                        }
                        return super.visitClass(type, null);
                    }
                }.scan(source.unit(), null));
    }

    /// Each exported package explains itself in its package-info.
    static List<Finding> explainedPackage(SourceTree tree) {
        List<Finding> found = new ArrayList<>();
        for (String info : tree.paths(p -> p.endsWith("src/main/java/module-info.java"))) {
            Matcher exports = EXPORTS.matcher(tree.text(info));
            while (exports.find()) {
                String path = info.replace("module-info", exports.group(1).replace('.', '/') + "/package-info");
                if (!tree.text(path).contains("\n///")) {
                    found.add(new Finding(path, 0, "an exported package without a comment that says how it works"));
                }
            }
        }
        return found;
    }

    private static Set<String> exportedPackages(SourceTree tree) {
        return tree.paths(p -> p.endsWith("src/main/java/module-info.java")).stream()
                .flatMap(p -> EXPORTS.matcher(tree.text(p)).results())
                .map(m -> m.group(1))
                .collect(Collectors.toSet());
    }

    /// The simple names of all types declared anywhere in the tree.
    static Set<String> typeNames(SourceTree tree) {
        Set<String> names = new HashSet<>();
        for (JavaSource source : tree.java()) {
            new Visitor() {
                @Override
                public Void visitClass(ClassTree type, Void unused) {
                    names.add(type.getSimpleName().toString());
                    return super.visitClass(type, null);
                }
            }.scan(source.unit(), null);
        }
        return names;
    }

    /// Checks `Owner.method` and the first argument, null when it is no string literal.
    private static List<Finding> calls(SourceTree tree, Predicate<JavaSource> which, CallCheck check) {
        return scan(
                tree,
                which,
                (source, found) -> new Visitor() {
                    @Override
                    public Void visitMethodInvocation(MethodInvocationTree call, Void unused) {
                        ExpressionTree first = call.getArguments().isEmpty()
                                ? null
                                : call.getArguments().getFirst();
                        String literal = first instanceof LiteralTree l && l.getValue() instanceof String s ? s : null;
                        String message = check.message(call.getMethodSelect().toString(), literal);
                        if (message != null) {
                            found.add(source.finding(call, message));
                        }
                        return super.visitMethodInvocation(call, null);
                    }
                }.scan(source.unit(), null));
    }

    private static List<Finding> scan(
            SourceTree tree, Predicate<JavaSource> which, BiConsumer<JavaSource, List<Finding>> scan) {
        List<Finding> found = new ArrayList<>();
        tree.java().stream().filter(which).forEach(s -> scan.accept(s, found));
        return found;
    }

    private static String simpleName(Tree name) {
        String full = name.toString();
        return full.substring(full.lastIndexOf('.') + 1);
    }

    private abstract static class Visitor extends TreePathScanner<Void, Void> {}

    @FunctionalInterface
    private interface CallCheck {
        String message(String call, String argument);
    }
}
