// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoTemplateTest {
    /// What Go's text/template itself printed for each template, with [#data] as a struct.
    static Stream<Arguments> goSays() throws IOException {
        try (InputStream in = GoTemplateTest.class.getResourceAsStream("go-templates.txt")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().map(l -> l.split(" ⇒ ", 2)).map(p -> Arguments.of(p[0], p[1]));
        }
    }

    static Map<String, Object> data() {
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("ID", "0123456789ab");
        d.put("Name", "web");
        d.put("State", struct("Running", true, "Pid", 42, "ExitCode", 3, "Status", "running"));
        d.put("Labels", new TreeMap<>(Map.of("b", "2", "a", "1", "x.y", "dot")));
        d.put("Names", List.of("one", "two", "three"));
        d.put("Mounts", List.of(struct("Source", "/a", "RW", true), struct("Source", "/b", "RW", false)));
        d.put("Empty", List.of());
        d.put("Size", 1.5);
        d.put("Zero", 0);
        d.put("Nil", null);
        d.put("Text", "a<b>&\"c\"\tü");
        d.put("Unset", new TreeMap<String, String>());
        d.put("Big", 1e21);
        return d;
    }

    private static Map<String, Object> struct(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("goSays")
    void printsWhatGoPrints(String template, String expected) {
        String source = template.replace('␤', '\n');
        switch (expected) {
            case "PARSE ERROR" ->
                assertThatThrownBy(() -> GoTemplate.parse(source))
                        .isInstanceOf(KelpException.class)
                        .hasMessageStartingWith("template parsing error: ");
            case "EXEC ERROR" -> {
                GoTemplate t = GoTemplate.parse(source);
                assertThatThrownBy(() -> t.execute(data()))
                        .isInstanceOf(KelpException.class)
                        .hasMessageStartingWith("template execution error: ");
            }
            default ->
                assertThat(GoTemplate.parse(source).execute(data()).replace('\n', '␤'))
                        .isEqualTo(expected);
        }
    }

    @Test
    void callsMethods() {
        Map<String, Object> d = Map.of("Label", (TemplateMethod) a -> "<" + a.getFirst() + ">");
        assertThat(GoTemplate.parse("{{.Label \"x\"}}{{.Label \"y\" | upper}}").execute(d))
                .isEqualTo("<x><Y>");
    }

    @Test
    void namesTheFieldsThereAre() {
        assertThatThrownBy(() -> GoTemplate.parse("{{.Id}}").execute(data()))
                .isInstanceOfSatisfying(
                        KelpException.class,
                        e -> assertThat(e.hint().orElseThrow()).contains(".ID, .Name"));
    }

    @Test
    void limitsDepthAndLength() {
        String deep = "(".repeat(500) + "1" + ")".repeat(500);
        assertThatThrownBy(() -> GoTemplate.parse("{{" + deep + "}}")).isInstanceOf(KelpException.class);
        assertThatThrownBy(() -> GoTemplate.parse("{{if 1}}".repeat(500))).isInstanceOf(KelpException.class);
        String elseIfs = "{{if 0}}" + "{{else if 0}}".repeat(500) + "{{end}}";
        assertThatThrownBy(() -> GoTemplate.parse(elseIfs)).isInstanceOf(KelpException.class);
        assertThatThrownBy(() -> GoTemplate.parse("x".repeat(GoTemplate.SOURCE_CHARS_MAX + 1)))
                .isInstanceOf(KelpException.class);
        String many = "{{range 10000}}".repeat(4) + "x".repeat(100) + "{{end}}".repeat(4);
        assertThatThrownBy(() -> GoTemplate.parse(many).execute(null)).hasMessageContaining("output is longer");
    }

    @Test
    void writesIndentedJson() {
        assertThat(Json.indented(List.of(struct("A", List.of(1, "b"), "E", List.of(), "M", Map.of(), "N", null))))
                .isEqualTo("""
                        [
                            {
                                "A": [
                                    1,
                                    "b"
                                ],
                                "E": [],
                                "M": {},
                                "N": null
                            }
                        ]""");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{range 1000000000}}{{end}}",
                "{{range 100000}}{{range 100000}}{{end}}{{end}}",
                "{{$x := `aaaa`}}{{range 60}}{{$x = printf `%s%s` $x $x}}{{end}}",
                "{{$x := split (printf `%9999d` 1) ``}}{{range 100000}}{{$x = split (join $x `aaaa`) ``}}{{end}}",
                "{{define `a`}}{{template `b`}}{{template `b`}}{{end}}{{define `b`}}{{range 1000000}}{{end}}{{end}}"
                        + "{{range 1000000}}{{template `a`}}{{end}}",
                "{{range 100000000}}{{$x := json $}}{{end}}",
            })
    @Timeout(20)
    void whatCostsTooMuchEnds(String template) {
        assertThatThrownBy(() -> GoTemplate.parse(template).execute(data()))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE_EXHAUSTED));
    }

    @Test
    void loopsOfUsualLengthRun() {
        assertThat(GoTemplate.parse("{{range 100000}}.{{end}}").execute(data())).hasSize(100_000);
        assertThat(GoTemplate.parse("{{range 3}}{{.}}{{else}}none{{end}}{{range 0}}{{else}}none{{end}}")
                        .execute(data()))
                .isEqualTo("012none");
    }
}
