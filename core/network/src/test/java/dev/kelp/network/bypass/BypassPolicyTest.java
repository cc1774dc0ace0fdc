// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BypassPolicyTest {
    private static final BypassPolicy POLICY = new BypassPolicy(
            List.of(Subnet.parse("10.4.0.0/24"), Subnet.parse("fd00:4::/64")),
            Set.of(Subnet.parseAddress("10.4.0.2")),
            true,
            true);

    private static InetAddress address(String text) {
        return Subnet.parseAddress(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "10.4.1.1", "8.8.8.8", "2001:db8::1", "fd00:5::1", "::ffff:192.0.2.1"})
    void leave(String to) {
        assertThat(POLICY.leaves(address(to), 0)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.255.254",
                "::1",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "0.0.0.0",
                "0.1.2.3",
                "::",
                "169.254.169.254",
                "fe80::1",
                "224.0.0.1",
                "ff02::1",
                "255.255.255.255",
                "240.0.0.1",
                "10.4.0.9",
                "::ffff:10.4.0.9",
                "fd00:4::9"
            })
    void stay(String to) {
        assertThat(POLICY.leaves(address(to), 0)).isFalse();
    }

    @Test
    void anAddressWithAScopeMeansAnInterfaceInside() {
        assertThat(POLICY.leaves(address("2001:db8::1"), 2)).isFalse();
    }

    @Test
    void nothingLeavesNetworksWithoutAWayOut() {
        assertThat(new BypassPolicy(List.of(), Set.of(), false, true).leaves(address("192.0.2.1"), 0))
                .isFalse();
    }

    @Test
    void servicesThatServeTheNetworkArePublished() {
        assertThat(POLICY.serves(address("0.0.0.0"))).isTrue();
        assertThat(POLICY.serves(address("10.4.0.2"))).isTrue();
        assertThat(POLICY.serves(address("127.0.0.1"))).isFalse();
        assertThat(new BypassPolicy(List.of(), Set.of(), true, false).serves(address("0.0.0.0")))
                .isFalse();
    }
}
