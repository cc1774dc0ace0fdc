// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.network.Subnet;
import org.junit.jupiter.api.Test;

class ContainerNetworkTest {
    private static final String ROUTE = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0100040A\t0003\t0\t0\t0\t00000000\t0\t0\t0
            eth0\t0000040A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """;

    private static final String TRIE = """
            Main:
              +-- 0.0.0.0/0 3 0 5
                 |-- 0.0.0.0
                    /0 universe UNICAST
                 +-- 10.4.0.0/24 2 0 2
                    +-- 10.4.0.0/29 2 0 2
                       |-- 10.4.0.0
                          /24 link UNICAST
                       |-- 10.4.0.5
                          /32 host LOCAL
                    |-- 10.4.0.255
                       /32 link BROADCAST
                 +-- 127.0.0.0/8 2 0 2
                    |-- 127.0.0.1
                       /32 host LOCAL
            """;

    private static final String SIX = """
            fd0000000000000000000000000000a5 02 40 00 80     eth0
            00000000000000000000000000000001 01 80 10 80       lo
            """;

    @Test
    void saysWhatAnInterfaceHas() {
        ContainerNetwork network = ContainerNetwork.parse(ROUTE, TRIE, SIX);
        assertThat(network.subnets()).containsExactly(Subnet.parse("10.4.0.0/24"), Subnet.parse("fd00::/64"));
        assertThat(network.addresses())
                .containsExactlyInAnyOrder(
                        Subnet.parseAddress("10.4.0.5"),
                        Subnet.parseAddress("127.0.0.1"),
                        Subnet.parseAddress("fd00::a5"),
                        Subnet.parseAddress("::1"));
    }

    @Test
    void readsItsOwn() throws Exception {
        ContainerNetwork mine =
                ContainerNetwork.of((int) ProcessHandle.current().pid());
        assertThat(mine.addresses()).allSatisfy(a -> assertThat(a.getAddress()).hasSizeGreaterThanOrEqualTo(4));
    }

    @Test
    void whatIsNoTableSaysNothing() {
        ContainerNetwork network = ContainerNetwork.parse("x\ny z\n", "|-- \n/32 host LOCAL", "00 1\n");
        assertThat(network.subnets()).isEmpty();
        assertThat(network.addresses()).isEmpty();
    }
}
