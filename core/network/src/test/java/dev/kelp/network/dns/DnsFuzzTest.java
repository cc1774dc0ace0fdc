// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.network.Subnet;
import java.nio.ByteBuffer;
import java.util.List;

class DnsFuzzTest {
    @FuzzTest
    void anyMessageIsReadOrRefused(byte[] message) {
        ByteBuffer query = ByteBuffer.wrap(message);
        DnsMessage.question(query).ifPresent(q -> {
            if (q.isReverse()) {
                DnsMessage.reversed(q.name());
            }
            DnsMessage.addresses(query, q, List.of(Subnet.parseAddress("10.4.0.2")));
            DnsMessage.name(query, q, q.name().isEmpty() ? "web" : q.name());
            DnsMessage.failure(query, q, DnsMessage.NAME_ERROR);
        });
    }
}
