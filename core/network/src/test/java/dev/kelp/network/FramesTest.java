// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FramesTest {
    private static final InetAddress TARGET = Subnet.parseAddress("192.168.127.254");
    private static final InetAddress OTHER = Subnet.parseAddress("192.168.127.1");

    @Test
    void theTargetOfAPacketIsSeen() {
        assertThat(Frames.isTo(tcp(TARGET, 80, 0), TARGET)).isTrue();
        assertThat(Frames.isTo(tcp(OTHER, 80, 0), TARGET)).isFalse();
        assertThat(Frames.isTo(tcp(TARGET, 80, 0).putShort(12, (short) 0x86dd), TARGET))
                .isFalse();
        assertThat(Frames.isTo(ByteBuffer.allocate(20), TARGET)).isFalse();
        assertThat(Frames.isTo(ByteBuffer.allocate(0), TARGET)).isFalse();
    }

    @Test
    void aPortIsSeenAndAFragmentMayBeIt() {
        assertThat(Frames.isTcpTo(tcp(TARGET, 80, 0), TARGET, 80)).isTrue();
        assertThat(Frames.isTcpTo(tcp(TARGET, 8080, 0), TARGET, 80)).isFalse();
        assertThat(Frames.isTcpTo(tcp(TARGET, 8080, 7), TARGET, 80)).isTrue();
        assertThat(Frames.isTcpTo(tcp(TARGET, 80, 0).put(23, (byte) 17), TARGET, 80))
                .isFalse();
        // cut off behind the IP header
        assertThat(Frames.isTcpTo(tcp(TARGET, 8080, 0).limit(34), TARGET, 80)).isTrue();
    }

    private static ByteBuffer tcp(InetAddress target, int port, int fragment) {
        ByteBuffer frame = ByteBuffer.allocate(54);
        frame.putShort(12, (short) 0x0800).put(14, (byte) 0x45).put(23, (byte) 6);
        frame.putShort(20, (short) fragment).put(30, target.getAddress()).putShort(36, (short) port);
        return frame;
    }
}
