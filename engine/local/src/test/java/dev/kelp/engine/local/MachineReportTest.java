// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineReportTest {
    @Test
    void readsTheMachinesFiles() {
        assertThat(MachineReport.operatingSystem("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nX=1\n"))
                .isEqualTo("Debian GNU/Linux 12 (bookworm)");
        assertThat(MachineReport.operatingSystem("PRETTY_NAME=Void")).isEqualTo("Void");
        assertThat(MachineReport.operatingSystem("")).isEqualTo("Linux");
        assertThat(MachineReport.memoryBytes("MemTotal:        8056684 kB\nMemFree: 1 kB\n"))
                .isEqualTo(8056684L << 10);
        assertThat(MachineReport.memoryBytes("nothing")).isZero();
        assertThat(MachineReport.architecture("amd64")).isEqualTo("x86_64");
        assertThat(MachineReport.architecture("aarch64")).isEqualTo("aarch64");
    }
}
