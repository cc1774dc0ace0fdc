// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CheckTest {
    @Test
    void readsWhatAScriptPrints() {
        List<String> output =
                List.of("hello", "@ pass 0.1 a b", "@ fail 2.0 c", "why", "not", "@ note x", "y", Check.END);
        assertThat(Check.of(output))
                .containsExactly(new Check("a b", true, "0.1", ""), new Check("c", false, "2.0", "why\nnot"));
        assertThat(Check.of(List.of("@ pass", "@ fail 1.0", "pass 1 x"))).isEmpty();
    }
}
