// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetTest {
    @Test
    void clearsHostBits() {
        assertThat(Subnet.parse("10.4.1.77/24")).hasToString("10.4.1.0/24");
        assertThat(Subnet.parse("fd00:4::77/64")).hasToString("fd00:4::/64");
        assertThat(Subnet.parse("255.255.255.255/0")).hasToString("0.0.0.0/0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::",
                "::1",
                "fd00::",
                "fd00:4::2",
                "2001:db8::1:0:0:1",
                "1:0:0:2::3",
                "2001:db8:0:1:1:1:1:1",
                "1:2:3:4:5:6:7:8",
                "192.0.2.10"
            })
    void writesAddressesAsOthersDo(String address) {
        assertThat(Subnet.text(Subnet.parseAddress(address))).isEqualTo(address);
    }

    @Test
    void countsAndContains() {
        Subnet subnet = Subnet.parse("10.4.0.0/24");
        assertThat(subnet.size()).isEqualTo(256);
        assertThat(subnet.address(255).getHostAddress()).isEqualTo("10.4.0.255");
        assertThat(subnet.offset(Subnet.parseAddress("10.4.0.9"))).isEqualTo(9);
        assertThat(subnet.contains(Subnet.parseAddress("10.4.0.255"))).isTrue();
        assertThat(subnet.contains(Subnet.parseAddress("10.4.1.0"))).isFalse();
        assertThat(subnet.contains(Subnet.parseAddress("::a04:1"))).isFalse();
        assertThatThrownBy(() -> subnet.address(256)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void overlapsWhenOneHoldsTheOther() {
        Subnet large = Subnet.parse("10.4.0.0/16");
        Subnet small = Subnet.parse("10.4.9.0/24");
        assertThat(large.overlaps(small)).isTrue();
        assertThat(small.overlaps(large)).isTrue();
        assertThat(small.overlaps(Subnet.parse("10.4.10.0/24"))).isFalse();
        assertThat(small.overlaps(Subnet.parse("fd00::/8"))).isFalse();
    }

    @Test
    void isOneWordInJson() {
        Subnet subnet = Subnet.parse("10.4.0.0/24");
        byte[] json = OciJson.write(subnet);
        assertThat(new String(json, java.nio.charset.StandardCharsets.UTF_8)).isEqualTo("\"10.4.0.0/24\"");
        assertThat(OciJson.read(json, Subnet.class, "a subnet")).isEqualTo(subnet);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "10.4.0.0",
                "10.4.0.0/",
                "10.4.0.0/33",
                "::/129",
                "10.4.0/24",
                "host/24",
                "10.4.0.256/24",
                "10.4.0.0/-1",
                "10.4.0.0/24/24",
                ":/64",
                "1:2:3/64",
                "10.4.0.0/99999999999"
            })
    void refusesWhatIsNoSubnet(String text) {
        assertThatThrownBy(() -> Subnet.parse(text)).isInstanceOf(KelpException.class);
    }
}
