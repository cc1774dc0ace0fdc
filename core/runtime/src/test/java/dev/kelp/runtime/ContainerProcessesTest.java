// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ContainerProcessesTest {
    private static final String REST = " -1 4194560 1 2 3 4 250 50 7 3 20 0 1 0 12345 2592000 444 18446744073709551615";

    @Test
    void readsANameWithParentheses() {
        var e = ContainerProcesses.parse("42 (a) b (c) S 7 42 42 34816" + REST).orElseThrow();
        assertThat(e).isEqualTo(new ContainerProcesses.Entry(42, 7, "a) b (c", 'S', 34816, 300, 10, 12345, 444));
    }

    @Test
    void refusesWhatIsCutShort() {
        assertThat(ContainerProcesses.parse("42 (a) S 7")).isEmpty();
        assertThat(ContainerProcesses.parse("")).isEmpty();
        assertThat(ContainerProcesses.parse("42 )a( S 7 42 42 34816" + REST)).isEmpty();
    }

    @Test
    void findsItselfAndItsChild() throws Exception {
        Process child = new ProcessBuilder("sleep", "100").start();
        try {
            int self = (int) ProcessHandle.current().pid();
            assertThat(ContainerProcesses.of(self, true))
                    .extracting(ContainerProcesses.Entry::pid)
                    .contains(self, (int) child.pid());
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    @Test
    void addsUpInterfacesButLoopback() {
        List<String> lines = List.of(
                "Inter-|   Receive                                                |  Transmit",
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop",
                "    lo:     999       1    0    0    0     0          0         0      999       1    0    0 0 0 0 0",
                "  eth0:    1000       1    0    0    0     0          0         0       50       1    0    0 0 0 0 0",
                "  eth1:7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0");
        assertThat(ResourceUse.network(lines)).containsExactly(1007, 58);
    }
}
