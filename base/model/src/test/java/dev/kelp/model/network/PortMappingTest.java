// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortMappingTest {
    @Test
    void readsWhatUsersType() {
        assertThat(PortMapping.parse("80")).containsExactly(new PortMapping("", 0, 80, 1, "tcp"));
        assertThat(PortMapping.parse("8080:80")).containsExactly(new PortMapping("", 8080, 80, 1, "tcp"));
        assertThat(PortMapping.parse("53:53/UDP")).containsExactly(new PortMapping("", 53, 53, 1, "udp"));
        assertThat(PortMapping.parse("127.0.0.2:8080:80"))
                .containsExactly(new PortMapping("127.0.0.2", 8080, 80, 1, "tcp"));
        assertThat(PortMapping.parse("127.0.0.1::80")).containsExactly(new PortMapping("127.0.0.1", 0, 80, 1, "tcp"));
        assertThat(PortMapping.parse("[::1]:8080:80")).containsExactly(new PortMapping("::1", 8080, 80, 1, "tcp"));
        assertThat(PortMapping.parse("[::1]::80")).containsExactly(new PortMapping("::1", 0, 80, 1, "tcp"));
    }

    @Test
    void aRangeIsOneRule() {
        assertThat(PortMapping.parse("7000-9999:5000-7999/udp"))
                .isEqualTo(List.of(new PortMapping("", 7000, 5000, 3000, "udp")));
        assertThat(PortMapping.parse("80-82")).hasSize(3).allMatch(p -> p.hostPort() == 0 && p.count() == 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "a",
                "0",
                "80:0",
                "65536",
                "8080:80/sctp",
                "8080-8081:80",
                "9-8:9-8",
                "1.2.3:80:80",
                "1.2.3.4:5:6:7",
                "host:80:80",
                "[::1:80:80",
                "-1:80",
                "80:",
                "8080:80/",
                "1-2-3:1-2-3",
                "999999:80"
            })
    void refusesWithTheWordsTyped(String text) {
        assertThatThrownBy(() -> PortMapping.parse(text))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("`" + text + "`");
    }
}
