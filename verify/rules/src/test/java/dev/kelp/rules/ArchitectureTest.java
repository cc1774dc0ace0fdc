// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The [architecture rules][ArchitectureRule] over all modules, and over one counterexample each.
class ArchitectureTest {
    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        classes = CompiledClasses.ofAllModules();
    }

    /// A module that is not on the class path here would pass every rule.
    @Test
    void seesEveryModule() throws IOException {
        SourceTree checkout = SourceTree.checkout(Path.of(System.getProperty("kelp.root")));
        Set<String> packages = new TreeSet<>();
        for (String path : checkout.paths(p -> p.endsWith(".java") && !p.endsWith("-info.java"))) {
            int sources = path.indexOf("/src/main/java/");
            if (sources >= 0 && !path.startsWith("verify/")) {
                String folder = path.substring(sources + "/src/main/java/".length(), path.lastIndexOf('/'));
                packages.add(folder.replace('/', '.'));
            }
        }
        assertThat(classes).extracting(JavaClass::getPackageName).containsAll(packages);
    }

    @ParameterizedTest
    @EnumSource
    void holds(ArchitectureRule rule) {
        rule.rule().check(classes);
    }

    @ParameterizedTest
    @EnumSource
    void canFail(ArchitectureRule rule, @TempDir Path output) throws IOException {
        JavaClasses broken = CompiledClasses.compile(output, counterexample(rule));
        var result = rule.rule().allowEmptyShould(true).evaluate(broken);
        assertThat(result.hasViolation()).as(rule.toString()).isTrue();
    }

    private static String[] counterexample(ArchitectureRule rule) {
        return switch (rule) {
            case ARROWS_POINT_DOWN ->
                sources(
                        "package dev.kelp.linux; class A { dev.kelp.rootless.B b; }",
                        "package dev.kelp.rootless; public class B {}");
            case CORE_SIBLINGS_DO_NOT_SEE_EACH_OTHER ->
                sources(
                        "package dev.kelp.runtime.spec; class A { dev.kelp.content.B b; }",
                        "package dev.kelp.content; public class B {}");
            case THE_ENGINE_CONTRACT_KNOWS_NO_IMPLEMENTATION ->
                sources(
                        "package dev.kelp.engine; class A { dev.kelp.engine.local.B b; }",
                        "package dev.kelp.engine.local; public class B {}");
            case FRONT_ENDS_SEE_THE_CONTRACT_ONLY ->
                sources(
                        "package dev.kelp.cli.image; class A { dev.kelp.engine.local.B b; }",
                        "package dev.kelp.engine.local; public class B {}");
            case PACKAGES_HAVE_NO_CYCLES ->
                sources(
                        "package dev.kelp.cli; public class A { dev.kelp.cli.image.B b; }",
                        "package dev.kelp.cli.image; public class B { dev.kelp.cli.A a; }");
            case ONLY_LINUX_CALLS_NATIVE_CODE ->
                sources("package dev.kelp.runtime; class A { Object a = java.lang.foreign.Linker.nativeLinker(); }");
            case NATIVE_MEMORY_IS_RARE ->
                sources("package dev.kelp.content; class A { java.lang.foreign.MemorySegment a; }");
            case PROCESSES_START_IN_THE_HOLDER ->
                sources("package dev.kelp.runtime; class A { Object a = new ProcessBuilder(); }");
            case ONLY_ROOTLESS_RUNTIME_AND_NETWORK_SPAWN ->
                sources(
                        "package dev.kelp.cli; class A { Runnable a = new dev.kelp.rootless.B()::spawn; }",
                        "package dev.kelp.rootless; public class B implements Spawner { public void spawn() {} }",
                        "package dev.kelp.rootless; interface Spawner { void spawn(); }");
            case THE_PROCESS_IS_NOT_THE_USER ->
                sources("package dev.kelp.cli; class A { void a() { System.out.println(); } }");
            case ONLY_THE_ENTRY_ENDS_THE_PROCESS ->
                sources("package dev.kelp.cli; class A { void a() { System.exit(1); } }");
            case NO_VIRTUAL_THREADS_BELOW_THE_ENGINE ->
                sources("package dev.kelp.content; class A { Object a = Thread.ofVirtual(); }");
            case EXCEPTIONS_SAY_WHAT_KIND ->
                sources("package dev.kelp.cli; class A { void a() { throw new RuntimeException(); } }");
        };
    }

    /// What a rule forbids beyond its first counterexample.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            PROCESSES_START_IN_THE_HOLDER       | Runtime.getRuntime().exec(new String[0]);
            ONLY_LINUX_CALLS_NATIVE_CODE        | System.loadLibrary("c");
            THE_PROCESS_IS_NOT_THE_USER         | System.getenv("HOME");
            THE_PROCESS_IS_NOT_THE_USER         | System.console();
            THE_PROCESS_IS_NOT_THE_USER         | new java.io.File("x");
            THE_PROCESS_IS_NOT_THE_USER         | java.nio.file.Path.of("x").toAbsolutePath();
            THE_PROCESS_IS_NOT_THE_USER         | new Exception("x").printStackTrace();
            ONLY_THE_ENTRY_ENDS_THE_PROCESS     | Runtime.getRuntime().halt(1);
            NO_VIRTUAL_THREADS_BELOW_THE_ENGINE | Thread.startVirtualThread(() -> {});
            NO_VIRTUAL_THREADS_BELOW_THE_ENGINE | java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor();
            """)
    void forbids(ArchitectureRule rule, String statement, @TempDir Path output) throws IOException {
        JavaClasses broken = CompiledClasses.compile(
                output, "package dev.kelp.runtime; class A { void a() throws Exception { " + statement + " } }");
        assertThat(rule.rule().evaluate(broken).hasViolation()).isTrue();
    }

    @Test
    void aSubclassOfABareExceptionIsNone(@TempDir Path output) throws IOException {
        JavaClasses fine = CompiledClasses.compile(
                output, "package dev.kelp.model; class A extends RuntimeException { A() { super(\"a\"); } }");
        assertThat(ArchitectureRule.EXCEPTIONS_SAY_WHAT_KIND
                        .rule()
                        .evaluate(fine)
                        .hasViolation())
                .isFalse();
    }

    private static String[] sources(String... sources) {
        return sources;
    }
}
