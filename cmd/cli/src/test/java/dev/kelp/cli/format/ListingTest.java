// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ListingTest {
    record Animal(String name, int legs) {}

    private static final List<Animal> ANIMALS = List.of(new Animal("cat", 4), new Animal("blackbird", 2));

    private static String print(String format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Listing<Animal>()
                .column("NAME", "Name", Animal::name)
                .column("LEGS", "Legs", Animal::legs)
                .column("KIND", "Kind", a -> a.legs == 2 ? "bird" : "")
                .field("Hidden", a -> "h")
                .print(new PrintStream(out, true, StandardCharsets.UTF_8), format, ANIMALS);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void tableIsAlignedWithFourSpaces() {
        assertThat(print(null)).isEqualTo("""
                NAME         LEGS    KIND
                cat          4      \s
                blackbird    2       bird
                """);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '=', textBlock = """
            {{.Name}} = cat|blackbird|
            {{.Name}}\\t{{.Hidden}} = cat\th|blackbird\th|
            table {{.Name}}\\t{{.Legs}} = NAME         LEGS|cat          4|blackbird    2|
            table {{.Hidden}} = HIDDEN|h|h|
            {{if eq .Legs 2}}{{.Name}}{{end}} = |blackbird|
            """)
    void templates(String format, String expected) {
        assertThat(print(format).replace('\n', '|')).isEqualTo(expected.startsWith("|") ? expected : expected);
    }

    @Test
    void jsonIsALineEach() {
        String line = "{\"Name\":\"cat\",\"Legs\":4,\"Kind\":\"\",\"Hidden\":\"h\"}";
        assertThat(print("json").lines().findFirst()).contains(line);
        assertThat(print("{{json .}}")).isEqualTo(print("json"));
    }
}
