// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.local.ContainerRecord.Definition;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ParsedDefinitionsTest {
    private final ParsedDefinitions definitions = new ParsedDefinitions();

    private static byte[] stored(String image) {
        return ("{\"imageName\":\"" + image + "\",\"createdMillis\":1}").getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void parsesTheSameBytesOnce() {
        Definition first = definitions.of("1", stored("a"));
        assertThat(definitions.of("1", stored("a"))).isSameAs(first);
        assertThat(definitions.of("2", stored("a"))).isNotSameAs(first);
    }

    @Test
    void seesWhatChangedInTheDatabase() {
        definitions.of("1", stored("a"));
        assertThat(definitions.of("1", stored("b")).imageName()).isEqualTo("b");
        assertThat(definitions.of("1", stored("a")).imageName()).isEqualTo("a");
    }

    @Test
    void forgetsWhatIsGoneAndTheFirstOfTooMany() {
        Definition gone = definitions.of("gone", stored("a"));
        definitions.forget("gone");
        assertThat(definitions.of("gone", stored("a"))).isNotSameAs(gone);
        Definition early = definitions.of("early", stored("a"));
        for (int i = 0; i < ParsedDefinitions.KEPT_MAX; i++) {
            definitions.of("later-" + i, stored("a"));
        }
        assertThat(definitions.of("early", stored("a"))).isNotSameAs(early);
    }

    @Test
    void keepsFewWhenNobodyAsks() {
        Definition early = definitions.of("early", stored("a"));
        for (int i = 0; i < ParsedDefinitions.IDLE_MAX - 1; i++) {
            definitions.of("later-" + i, stored("a"));
        }
        definitions.trim();
        assertThat(definitions.of("early", stored("a"))).isSameAs(early);
        definitions.of("one more", stored("a"));
        definitions.trim();
        assertThat(definitions.of("early", stored("a"))).isNotSameAs(early);
    }
}
