// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitTest {
    @ParameterizedTest
    @CsvSource({
        "/a/b, /a, b, false, false",
        "/a/b/, /a, b, true, false",
        "/a/b/., /a, b, true, true",
        "/a, /, a, false, false",
        "a, ., a, false, false",
        "a/b//, a, b, true, false",
        "., ., ., true, true",
        "/, /, ., true, false",
        "/., /, ., true, true",
        "../.., ../.., ., true, false"
    })
    void splits(String path, String folder, String name, boolean isFolder, boolean contents) {
        assertThat(Split.of(path)).isEqualTo(new Split(path, folder, name, isFolder, contents));
    }
}
