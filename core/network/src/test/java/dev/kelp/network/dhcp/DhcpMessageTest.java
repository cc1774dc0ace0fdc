// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dhcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DhcpMessageTest {
    private static final byte[] HARDWARE = {2, 'k', 'e', 'l', 'p', 1};

    private static final int OPTIONS_OFFSET = 240;

    /// An answer with these options, in hexadecimal.
    private static ByteBuffer answer(String options) {
        byte[] all = HexFormat.of().parseHex(options);
        ByteBuffer made = ByteBuffer.allocate(OPTIONS_OFFSET + all.length);
        made.put(0, (byte) 2).putInt(4, 7).put(16, new byte[] {10, 0, 3, 9}).putInt(236, 0x63825363);
        return made.put(OPTIONS_OFFSET, all);
    }

    @Test
    void aQuestionSaysWhoAsksAndWantsABroadcastWhileItHasNoAddress() {
        byte[] wanted = {10, 0, 3, 9};
        ByteBuffer question = DhcpMessage.question(
                DhcpMessage.REQUEST, 7, HARDWARE, new byte[4], Map.of(DhcpMessage.REQUESTED_ADDRESS, wanted));
        assertThat(question.remaining()).as("what old servers take").isEqualTo(300);
        assertThat(question.getInt(4)).isEqualTo(7);
        assertThat(question.getShort(10)).isEqualTo((short) 0x8000);
        byte[] hardware = new byte[HARDWARE.length];
        question.get(28, hardware);
        assertThat(hardware).isEqualTo(HARDWARE);
        byte[] options = new byte[30];
        question.get(OPTIONS_OFFSET, options);
        assertThat(HexFormat.of().formatHex(options))
                .startsWith("350103" + "3d0701026b656c7001" + "32040a000309" + "3705");
        assertThat(DhcpMessage.question(DhcpMessage.REQUEST, 7, HARDWARE, wanted, Map.of())
                        .getShort(10))
                .isZero();
    }

    @Test
    void anAnswerIsALease() {
        DhcpMessage ack = DhcpMessage.answer(answer("350105" + "00" + "0104ffffff00" + "03040a000301"
                        + "06080a0003010a000302" + "330400000078" + "36040a000301" + "ff" + "99"))
                .orElseThrow();
        assertThat(ack.type()).isEqualTo(DhcpMessage.ACK);
        DhcpLease lease = DhcpLease.of(ack, DhcpMessage.address(new byte[] {10, 0, 3, 1}));
        assertThat(lease.address().getHostAddress()).isEqualTo("10.0.3.9");
        assertThat(lease.prefixBits()).isEqualTo(24);
        assertThat(lease.router().orElseThrow().getHostAddress()).isEqualTo("10.0.3.1");
        assertThat(lease.nameServers()).extracting(a -> a.getHostAddress()).containsExactly("10.0.3.1", "10.0.3.2");
        assertThat(lease.seconds()).isEqualTo(120);
    }

    @Test
    void whatIsCutShortOrForeignIsNoAnswer() {
        assertThat(DhcpMessage.answer(answer("3501"))).isEmpty();
        assertThat(DhcpMessage.answer(answer("35"))).isEmpty();
        assertThat(DhcpMessage.answer(ByteBuffer.allocate(100))).isEmpty();
        assertThat(DhcpMessage.answer(answer("350105ff").put(0, (byte) 1))).isEmpty();
        assertThat(DhcpMessage.answer(answer("ff")).orElseThrow().type()).isZero();
    }
}
