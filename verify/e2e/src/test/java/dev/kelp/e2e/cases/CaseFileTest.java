// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.e2e.cases.Case.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The case list itself: a case that cannot fail would be worse than none. `true` and `printf` are the engine here.
class CaseFileTest {
    private static boolean passes(String steps) {
        Case about = CaseFile.parse("test", "--- one\n" + steps).getFirst();
        return new CaseRun(about, Map.of("PATH", "/usr/bin:/bin"), Map.of("IMG", "a.b"))
                .failure()
                .isEmpty();
    }

    @Test
    void readsHeaderStepsAndCleaning() {
        List<Case> cases = CaseFile.parse("test", """
                # comment
                --- first: one
                upstream: TestA, podman e2e
                podman: differs slower
                not-yet: reason
                needs: tmux debian
                clean: kelp rmi x
                $ one
                  two
                ? 1
                --- second
                $ three
                """);
        assertThat(cases).hasSize(2);
        Case first = cases.getFirst();
        assertThat(first.upstream()).containsExactly("nerdctl TestA", "podman e2e");
        assertThat(first.podman().kind()).isEqualTo(Kind.DIFFERS);
        assertThat(first.kelp().reason()).isEqualTo("reason");
        assertThat(first.needs()).containsExactly("tmux", "debian");
        assertThat(first.clean()).containsExactly("kelp rmi x");
        assertThat(first.steps().getFirst().command()).isEqualTo("one\ntwo");
        assertThat(first.slug()).isEqualTo("first-one");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "$ true",
                "$ false\n? 1",
                "$ (exit 3)\n? fails",
                "$ A=1\n$ echo $A\n= 1",
                "$ printf 'a\\nb\\n'\n= a\n= b",
                "$ echo $IMG\n+ a.b\n~ ^$IMG$\n- axb",
                "$ echo x >&2\nempty\n!= x",
                "$ echo '[{\"A\":{\"b.c\":[1,\"x\"]}}]'\n@ [0].A[\"b.c\"][0] = 1\n@ [0].A size 1\n@ [0].B absent",
                "$ echo '{\"A\":null}'; echo '{\"A\":\"y\"}'\n@ [0].A null\n@ [1].A ~ ^y$",
                "$ cat <<E\n  one\n    two\n  E\n= one\n=   two",
                "$ eventually 'test -d $TMP'",
                "$ tty 'test -t 0 && echo terminal'\n+ terminal"
            })
    void whatIsAsExpectedPasses(String steps) {
        assertThat(passes(steps)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "$ false",
                "$ true\n? 1",
                "$ true\n? fails",
                "$ printf 'a\\nb\\n'\n= a",
                "$ echo a\n= a\n= b",
                "$ echo axb\n~ ^$IMG$",
                "$ echo a.b\n- a.b",
                "$ echo x\nempty",
                "$ echo x >&2\n!empty",
                "$ echo '{\"A\":1}'\n@ A = 2",
                "$ echo '{\"A\":1}'\n@ B exists",
                "$ echo '{\"A\":{}}'\n@ A null",
                "$ echo no\n@ A = 1",
                "$ fi\n? 0",
                "$ exit 0"
            })
    void whatIsNotFails(String steps) {
        assertThat(passes(steps)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "$ no case",
                "--- no command\n",
                "--- x\nwrong: y\n$ a",
                "--- x\n$ a\n* mark",
                "--- x\npodman: maybe\n$ a"
            })
    void refusesWhatItDoesNotUnderstand(String text) {
        assertThatThrownBy(() -> CaseFile.parse("test", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("test.txt:");
    }
}
