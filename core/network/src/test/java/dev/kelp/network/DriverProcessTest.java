// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DriverProcessTest {
    @Test
    void theReasonIsToldAndNotTheManual() {
        assertThat(DriverProcess.reason("""
                        pasta: unrecognized option '--moon'
                        Failed to send 60 bytes to syslog
                        Usage: pasta [OPTION]... [COMMAND] [ARGS]...
                        Failed to send 44 bytes to syslog
                               pasta [OPTION]... PID
                        """)).isEqualTo("pasta: unrecognized option '--moon'");
        assertThat(DriverProcess.reason("open(\"/dev/net/tun\"): No such file\nchild failed(1)\n"))
                .isEqualTo("open(\"/dev/net/tun\"): No such file\nchild failed(1)");
    }
}
