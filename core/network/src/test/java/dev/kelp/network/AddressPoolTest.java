// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AddressPoolTest {
    private static final Pool SMALL = AddressPool.of(Subnet.parse("10.4.0.0/29"));

    @Test
    void handsOutEachHostAddressOnceAndThenRefuses() {
        List<InetAddress> taken = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            taken.add(AddressPool.next(SMALL, taken));
        }
        assertThat(taken)
                .extracting(InetAddress::getHostAddress)
                .containsExactly("10.4.0.2", "10.4.0.3", "10.4.0.4", "10.4.0.5", "10.4.0.6");
        assertThatThrownBy(() -> AddressPool.next(SMALL, taken)).hasMessageContaining("no free address is left");
    }

    @Test
    void aReturnedAddressRests() {
        assertThat(AddressPool.next(SMALL, List.of(ip("10.4.0.3")))).isEqualTo(ip("10.4.0.4"));
        assertThat(AddressPool.next(SMALL, List.of(ip("10.4.0.6")))).isEqualTo(ip("10.4.0.2"));
    }

    @Test
    void staysInsideTheRange() {
        Pool pool = new Pool(Subnet.parse("10.4.0.0/24"), ip("10.4.0.1"), Subnet.parse("10.4.0.128/30"));
        List<InetAddress> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            taken.add(AddressPool.next(pool, taken));
        }
        assertThat(taken)
                .allMatch(a -> Subnet.parse("10.4.0.128/30").contains(a))
                .doesNotHaveDuplicates();
        assertThatThrownBy(() -> AddressPool.next(pool, taken)).isInstanceOf(KelpException.class);
    }

    @Test
    void handsOutNoAuxiliaryAddress() {
        Pool pool = new Pool(SMALL.subnet(), SMALL.gateway(), null, Map.of("a", ip("10.4.0.2"), "b", ip("10.4.0.4")));
        AddressPool.check(pool);
        assertThat(AddressPool.next(pool, List.of())).isEqualTo(ip("10.4.0.3"));
        assertThat(AddressPool.next(pool, List.of(ip("10.4.0.3")))).isEqualTo(ip("10.4.0.5"));
        assertThatThrownBy(() -> AddressPool.wanted(pool, ip("10.4.0.2"), List.of()))
                .hasMessageContaining("in use");
        assertThat(pool.router()).isEqualTo(pool.gateway());
        assertThat(new Pool(SMALL.subnet(), SMALL.gateway(), null, Map.of("DefaultGatewayIPv4", ip("10.4.0.5")))
                        .router())
                .isEqualTo(ip("10.4.0.5"));
    }

    @Test
    void knowsIpv6() {
        Pool pool = AddressPool.of(Subnet.parse("fd00:4::/64"));
        assertThat(AddressPool.next(pool, List.of()).getHostAddress()).isEqualTo("fd00:4:0:0:0:0:0:2");
    }

    @Test
    void refusesWhatIsNoFreeHostAddress() {
        for (String address : List.of("10.4.0.0", "10.4.0.7", "10.4.1.1", "::1")) {
            assertThatThrownBy(() -> AddressPool.wanted(SMALL, ip(address), List.of()))
                    .hasMessageContaining("is no address for a host");
        }
        assertThatThrownBy(() -> AddressPool.wanted(SMALL, ip("10.4.0.1"), List.of()))
                .hasMessageContaining("in use");
        assertThatThrownBy(() -> AddressPool.wanted(SMALL, ip("10.4.0.2"), List.of(ip("10.4.0.2"))))
                .hasMessageContaining("in use");
        assertThatThrownBy(() -> AddressPool.of(Subnet.parse("10.4.0.0/31"))).hasMessageContaining("too small");
        assertThatThrownBy(() -> AddressPool.check(new Pool(SMALL.subnet(), ip("10.5.0.1"), null)))
                .hasMessageContaining("gateway");
        assertThatThrownBy(
                        () -> AddressPool.check(new Pool(SMALL.subnet(), SMALL.gateway(), Subnet.parse("10.4.0.0/24"))))
                .hasMessageContaining("range");
    }

    private static InetAddress ip(String text) {
        return Subnet.parseAddress(text);
    }
}
