// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ContainerNamesTest {
    private final AtomicInteger attempts = new AtomicInteger();

    private String create(@Nullable String asked, int taken) {
        return ContainerNames.untilFree(asked, () -> {
            if (attempts.incrementAndGet() <= taken) {
                throw new KelpException(ErrorKind.ALREADY_EXISTS, "the name is in use");
            }
            return "made";
        });
    }

    @Test
    void aHostNameIsNeverANumber() {
        // the first twelve digits of the first id are decimal
        Iterator<Byte> starts = List.of((byte) 0x12, (byte) 0xab).iterator();
        RandomGenerator random = new RandomGenerator() {
            @Override
            public long nextLong() {
                throw new UnsupportedOperationException();
            }

            @Override
            public void nextBytes(byte[] bytes) {
                Arrays.fill(bytes, starts.next());
            }
        };
        assertThat(ContainerNames.newId(random)).isEqualTo("ab".repeat(32));
    }

    @Test
    void aMadeUpNameThatIsTakenIsReplaced() {
        assertThat(create(null, 3)).isEqualTo("made");
        assertThat(attempts).hasValue(4);
    }

    @Test
    void notForEver() {
        assertThatThrownBy(() -> create(null, Integer.MAX_VALUE)).hasMessageContaining("in use");
        assertThat(attempts).hasValue(ContainerNames.ATTEMPTS_MAX);
    }

    @Test
    void theUsersNameIsNot() {
        assertThatThrownBy(() -> create("web", 1)).hasMessageContaining("in use");
        assertThat(attempts).hasValue(1);
    }
}
