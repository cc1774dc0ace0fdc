// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownNamesTest {
    private static final InetAddress WEB = Subnet.parseAddress("10.4.1.2");
    private static final InetAddress CLIENT = Subnet.parseAddress("10.4.1.3");
    private static final InetAddress STRANGER = Subnet.parseAddress("10.4.2.2");

    private final KnownNames names = new KnownNames();

    private static Attachment attachment(String container, String network, InetAddress address, String... aliases) {
        End end = new End(network, "v-" + container, "eth0", address, null, null, List.of(aliases));
        return new Attachment(container, container, List.of(container), List.of(end), List.of());
    }

    @Test
    void namesAreKnownOnTheirNetworkOnly() {
        names.put(attachment("web", "front", WEB, "WWW"));
        names.put(attachment("client", "front", CLIENT));
        names.put(attachment("stranger", "back", STRANGER));
        assertThat(names.addresses(CLIENT, "web")).containsExactly(WEB);
        assertThat(names.addresses(CLIENT, "www")).containsExactly(WEB);
        assertThat(names.addresses(STRANGER, "web")).isEmpty();
        assertThat(names.name(CLIENT, WEB)).contains("web");
        assertThat(names.name(STRANGER, WEB)).isEmpty();
    }

    @Test
    void theHostHasAnAddressOfTheFamilyThatItIsAskedBy() {
        InetAddress ipv6 = Subnet.parseAddress("fd00:4:1::3");
        assertThat(names.addresses(CLIENT, "host.docker.internal"))
                .isEqualTo(HostAddresses.ipv4().stream().toList());
        assertThat(names.addresses(ipv6, "host.containers.internal"))
                .isEqualTo(HostAddresses.ipv6().stream().toList());
    }

    @Test
    void aSharedNameHasAllItsBearersAndForgetsThoseThatLeave() {
        names.put(attachment("client", "front", CLIENT, "pool"));
        names.put(attachment("web", "front", WEB, "pool"));
        assertThat(names.addresses(CLIENT, "pool")).containsExactlyInAnyOrder(CLIENT, WEB);
        names.put(attachment("web", "front", Subnet.parseAddress("10.4.1.9"), "pool"));
        assertThat(names.addresses(CLIENT, "pool")).containsExactlyInAnyOrder(CLIENT, Subnet.parseAddress("10.4.1.9"));
        names.remove("web");
        names.remove("web");
        assertThat(names.addresses(CLIENT, "pool")).containsExactly(CLIENT);
        assertThat(names.addresses(CLIENT, "web")).isEmpty();
    }
}
