// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrivateNetworkTest {
    @ParameterizedTest
    @CsvSource({
        "slirp4netns, true",
        "slirp4netns:mtu=1500, true",
        "pasta, true",
        "'pasta:-T,5201', true",
        "pastas, false",
        "bridge, false",
        "slirp4netns-net, false"
    })
    void isOneByItsDriversName(String mode, boolean is) {
        assertThat(PrivateNetwork.isOne(mode)).isEqualTo(is);
    }

    @Test
    void readsOptionsOfSlirp4netns() {
        PrivateNetwork plain = PrivateNetwork.parse("slirp4netns");
        assertThat(plain.ipv6()).isTrue();
        assertThat(plain.hostLoopback()).isFalse();
        assertThat(plain.driverPublishes()).isFalse();
        PrivateNetwork all = PrivateNetwork.parse("slirp4netns:allow_host_loopback=true,mtu=1500,cidr=10.9.0.0/24,"
                + "enable_ipv6=false,outbound_addr=127.0.0.1,port_handler=slirp4netns");
        assertThat(all.hostLoopback()).isTrue();
        assertThat(all.mtu()).isEqualTo(1500);
        assertThat(all.cidr()).isEqualTo(Optional.of(Subnet.parse("10.9.0.0/24")));
        assertThat(all.ipv6()).isFalse();
        assertThat(all.driverPublishes()).isTrue();
        assertThat(all.arguments()).containsExactly("--outbound-addr=127.0.0.1");
    }

    @Test
    void handsArgumentsToPasta() {
        PrivateNetwork pasta = PrivateNetwork.parse("pasta:--map-gw,-I,tap0,--mtu,1400");
        assertThat(pasta.hostLoopback()).isTrue();
        assertThat(pasta.arguments()).containsExactly("-I", "tap0", "--mtu", "1400");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "slirp4netns:",
                "slirp4netns:moon=1",
                "slirp4netns:mtu",
                "slirp4netns:mtu=0",
                "slirp4netns:mtu=99999",
                "slirp4netns:cidr=10.0.0.0/30",
                "slirp4netns:cidr=fd00::/64",
                "slirp4netns:enable_ipv6=maybe",
                "slirp4netns:port_handler=moon"
            })
    void refuses(String mode) {
        assertThatThrownBy(() -> PrivateNetwork.parse(mode)).isInstanceOf(KelpException.class);
    }
}
