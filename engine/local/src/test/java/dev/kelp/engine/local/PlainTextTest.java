// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.FileNames;
import dev.kelp.model.KelpException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PlainTextTest {
    @Test
    void namesWhatCannotBeSaid() {
        PlainText.check("the argument", List.of("größe", "\ufffd", ""));
        String odd = FileNames.decode(new byte[] {'a', (byte) 0xff, 'b'});
        assertThatThrownBy(() -> PlainText.check("the argument", List.of("fine", odd)))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("the argument `a\\xffb` is not UTF-8");
    }
}
