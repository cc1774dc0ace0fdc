// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopyCommandTest {
    @ParameterizedTest
    @CsvSource({
        "web:/a,web,/a",
        "web:a,web,a",
        "web:,web,''",
        "web:/a:b,web,/a:b",
        "/a:b,,/a:b",
        "./a:b,,./a:b",
        "../a:b,,../a:b",
        "a,,a",
        ":a,,:a",
        "-,,-"
    })
    void tellsContainersFromPaths(String word, String container, String path) {
        assertThat(CopyCommand.End.of(word)).isEqualTo(new CopyCommand.End(container, path));
    }
}
