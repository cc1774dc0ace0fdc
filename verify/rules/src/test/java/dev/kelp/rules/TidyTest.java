// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The [tidy rules][TidyRule] over this checkout, and over one counterexample each.
class TidyTest {
    private static final String JAVA = "core/x/src/main/java/dev/kelp/x/A.java";
    private static final String LICENSED = "// SPDX-License-Identifier: Apache-2.0\n";

    private static SourceTree checkout;

    @BeforeAll
    static void list() throws IOException {
        checkout = SourceTree.checkout(Path.of(System.getProperty("kelp.root")));
    }

    @Test
    void readsTheWholeCheckout() {
        assertThat(checkout.paths(p -> true))
                .contains("pom.xml", "ARCHITECTURE.md", TextChecks.NATIVE_PROGRAM)
                .noneMatch(p -> p.contains("/target/"));
        assertThat(checkout.java())
                .hasSizeGreaterThan(200)
                .anyMatch(s -> s.path().endsWith("dev/kelp/rules/TidyTest.java"));
        assertThat(NativeChecks.functions(checkout.text(TextChecks.NATIVE_PROGRAM)))
                .hasSizeGreaterThan(50);
    }

    @ParameterizedTest
    @EnumSource
    void holds(TidyRule rule) {
        assertThat(rule.findings(checkout)).as(rule.toString()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void canFail(TidyRule rule) {
        assertThat(rule.findings(counterexample(rule))).as(rule.toString()).hasSize(1);
    }

    private static SourceTree counterexample(TidyRule rule) {
        return switch (rule) {
            case METHODS_ARE_SHORT ->
                of("class A {\n  /// Not counted.\n  @Test\n  void f() {" + "\n".repeat(70) + "}\n}");
            case FILES_ARE_SHORT -> of("\n".repeat(601));
            case NATIVE_FUNCTIONS_ARE_SHORT ->
                SourceTree.of(
                        "native/a.c",
                        "int x[] = {\n};\nint\nf(void) {\n" + "\n".repeat(67) + "char c = '}'; // }\n}\n");
            case LINES_ARE_SHORT -> of("// " + "ä".repeat(118) + "\n").and("a.md", "| " + "-".repeat(200) + "\n");
            case PARAMETERS_ARE_FEW -> exported("""
                public record A(int a, int b, int c, int d, int e) {
                    public A {}
                    void own(int a, int b, int c, int d, int e) {}
                    public interface B { void f(int a, int b, int c, int d, int e); }
                }""");
            case SOURCES_NAME_THEIR_LICENCE -> SourceTree.of(JAVA, "class A {}");
            case NOTHING_IS_LEFT_OPEN -> of("// TO" + "DO");
            case SPACES_NOT_TABS -> of("\tclass A {}");
            case NO_PATH_OF_A_MACHINE -> SourceTree.of("a.md", "/home/alice, ~/w/x, layers/w/x, `" + "/work" + "/x`");
            case FOLDERS_HAVE_A_MEANING -> SourceTree.of("core/x/src/main/java/dev/kelp/x/util/A.java", "");
            case TYPES_HAVE_A_MEANING -> of("class A { class BlobManager {} class Managed {} }");
            case PATHS_ARE_ABSOLUTE -> of("class A { Object a = Path.of(\"/proc\"), b = Path.of(\"x\", \"y\"); }");
            case NO_PROPERTIES_OF_THE_USER -> of("class A { String a = System.getProperty(\"user.home\"); }");
            case SKIPS_SAY_WHY -> of("class A { @Disabled(\"slow\") void f() {} @Disabled void g() {} }");
            case EXPORTED_PACKAGES_EXPLAIN_THEMSELVES -> exported("class A {}");
            case DOCUMENTS_ARE_SHORT -> SourceTree.of("CONTRIBUTING.md", "\n".repeat(151));
            case DOCUMENTS_NAME_WHAT_EXISTS ->
                of("class A { record Nested() {} }").and("ARCHITECTURE.md", "`Nested` `DATA/x` `core/x/src` `core/y`");
            case MODULES_ARE_LISTED ->
                SourceTree.of("pom.xml", "<module>core/x</module>")
                        .and("core/x/pom.xml", "")
                        .and("core/y/pom.xml", "")
                        .and("ARCHITECTURE.md", "| `core` | `x` |");
        };
    }

    @Test
    void assumptionsNeedAMessage() {
        SourceTree tree = of("class A { void f() { assumeTrue(true, \"why\"); assumeFalse(true); } }");
        assertThat(TidyRule.SKIPS_SAY_WHY.findings(tree)).hasSize(1);
    }

    @Test
    void scriptsAreLicensedToo() {
        SourceTree tree = SourceTree.of("a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n")
                .and("b", "#!/bin/sh\n");
        assertThat(TidyRule.SOURCES_NAME_THEIR_LICENCE.findings(tree))
                .extracting(Finding::path)
                .containsExactly("b");
    }

    @Test
    void aModuleHasAPomAndAPlaceInTheLayout() {
        SourceTree tree = SourceTree.of("pom.xml", "<module>core/x</module>");
        assertThat(TidyRule.MODULES_ARE_LISTED.findings(tree)).hasSize(2);
    }

    private static SourceTree of(String java) {
        return SourceTree.of(JAVA, LICENSED + java);
    }

    private static SourceTree exported(String java) {
        return SourceTree.of(JAVA, LICENSED + "package dev.kelp.x;\n" + java)
                .and("core/x/src/main/java/module-info.java", "module x { exports dev.kelp.x; }");
    }
}
