// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dhcp;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;

class DhcpFuzzTest {
    @FuzzTest
    void anyMessageIsReadOrRefused(byte[] message) {
        DhcpMessage.answer(ByteBuffer.wrap(message)).ifPresent(m -> {
            m.type();
            m.addresses(DhcpMessage.SERVER);
            DhcpLease.of(m, DhcpMessage.address(m.offered()));
        });
    }
}
