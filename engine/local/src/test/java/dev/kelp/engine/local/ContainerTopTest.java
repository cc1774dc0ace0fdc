// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerTopTest {
    @Test
    void keepsTheContainersProcesses() {
        String ps = """
                USER       PID COMMAND
                root        12 sleep 10  20
                root       123 sh
                x            2 PID 12
                """;
        assertThat(ContainerTop.select(ps, Set.of(12, 2)).rows())
                .containsExactly(List.of("root", "12", "sleep 10  20"), List.of("x", "2", "PID 12"));
    }

    @Test
    void needsThePid() {
        assertThatThrownBy(() -> ContainerTop.select("COMMAND\nsh\n", Set.of(1)))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("no column PID");
    }

    @ParameterizedTest
    @CsvSource({"0,?", "34816,pts/0", "34819,pts/3", "1025,tty1", "35072,pts/256"})
    void namesTerminals(int device, String name) {
        assertThat(ContainerTop.terminal(device)).isEqualTo(name);
    }
}
