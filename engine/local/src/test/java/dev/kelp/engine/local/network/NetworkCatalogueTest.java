// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Networks.Addressing;
import dev.kelp.engine.Networks.NewNetwork;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Subnet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkCatalogueTest {
    private Database database;
    private NetworkCatalogue catalogue;

    @BeforeEach
    void open(@TempDir Path folder) {
        database = Database.open(folder.resolve("kelp.db"));
        catalogue = new NetworkCatalogue(new NetworkRecords(database), () -> 8000);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static NewNetwork wanted(String name, String... subnets) {
        return wanted(name, Addressing.of(subnets), Map.of());
    }

    private static NewNetwork wanted(String name, Addressing addressing, Map<String, String> options) {
        return new NewNetwork(name, "bridge", addressing, false, Map.of("a", "b"), options);
    }

    /// In these subnets, with auxiliary addresses.
    private static Addressing addressing(
            boolean ipv4, @Nullable Boolean ipv6, Map<String, String> auxiliary, String... subnets) {
        return new Addressing(
                List.of(subnets), List.of(), List.of(), auxiliary, ipv4, ipv6, Map.of("com.example.pool", "blue"));
    }

    @Test
    void threeAreAlwaysThere() {
        assertThat(catalogue.all()).extracting(NetworkDefinition::name).containsExactly("bridge", "host", "none");
        assertThat(catalogue.find("bridge").pools().getFirst().subnet()).isEqualTo(Subnet.parse("10.4.0.0/24"));
    }

    @Test
    void eachNewOneHasASubnetOfItsOwn() {
        assertThat(catalogue.create(wanted("a")).pools().getFirst().subnet()).isEqualTo(Subnet.parse("10.4.1.0/24"));
        NetworkDefinition b = catalogue.create(wanted("b"));
        assertThat(b.pools().getFirst().subnet()).isEqualTo(Subnet.parse("10.4.2.0/24"));
        catalogue.remove(catalogue.find("a"));
        assertThat(catalogue.create(wanted("c")).pools().getFirst().subnet()).isEqualTo(Subnet.parse("10.4.1.0/24"));
        assertThat(catalogue.find(b.id().substring(0, 8))).isEqualTo(b);
        assertThat(b.bridge()).hasSizeLessThanOrEqualTo(15);
    }

    @Test
    void bothFamiliesWhenAskedFor() {
        NetworkDefinition made =
                catalogue.create(wanted("dual", addressing(true, true, Map.of()), Map.of("mtu", "9000")));
        assertThat(made.pools()).hasSize(2);
        assertThat(Subnet.parse("fd00::/8").contains(made.pools().get(1).subnet()))
                .isTrue();
        assertThat(made.mtu()).isEqualTo(9000);
    }

    @Test
    void oneFamilyMayBeTurnedOff() {
        NetworkDefinition six = catalogue.create(wanted("six", addressing(false, true, Map.of()), Map.of()));
        assertThat(six.pools()).singleElement().matches(p -> p.subnet().isIpv6());
        assertThat(catalogue
                        .create(wanted("subnet", addressing(false, null, Map.of(), "fd00:7::/64"), Map.of()))
                        .pools())
                .hasSize(1);
        assertThatThrownBy(() -> catalogue.create(wanted("n", addressing(false, null, Map.of()), Map.of())))
                .hasMessageContaining("without IPv4 and IPv6");
        assertThatThrownBy(
                        () -> catalogue.create(wanted("n", addressing(false, true, Map.of(), "10.9.0.0/24"), Map.of())))
                .hasMessageContaining("IPv4 is turned off");
        assertThatThrownBy(
                        () -> catalogue.create(wanted("n", addressing(true, false, Map.of(), "fd00:9::/64"), Map.of())))
                .hasMessageContaining("IPv6 is turned off");
        assertThatThrownBy(
                        () -> catalogue.create(wanted("n", addressing(false, true, Map.of()), Map.of("mtu", "1279"))))
                .hasMessageContaining("IPv6 needs 1280");
    }

    @Test
    void auxiliaryAddressesBelongToTheirSubnetAndAreKept() {
        Map<String, String> auxiliary = Map.of("router", "10.9.0.9", "printer", "fd00:9::9");
        catalogue.create(wanted("a", addressing(true, true, auxiliary, "10.9.0.0/24", "fd00:9::/64"), Map.of()));
        NetworkDefinition kept = catalogue.find("a");
        assertThat(kept.ipamOptions()).containsEntry("com.example.pool", "blue");
        assertThat(kept.pools().get(0).auxiliary()).isEqualTo(Map.of("router", Subnet.parseAddress("10.9.0.9")));
        assertThat(kept.pools().get(1).auxiliary()).isEqualTo(Map.of("printer", Subnet.parseAddress("fd00:9::9")));
        for (Map<String, String> wrong : List.of(
                Map.of("router", "10.11.0.9"),
                Map.of("router", "nonsense"),
                Map.of("router", "10.10.0.1"),
                Map.of("router", "10.10.0.255"),
                Map.of("router", "10.10.0.9", "printer", "10.10.0.9"))) {
            assertThatThrownBy(() ->
                            catalogue.create(wanted("b", addressing(true, null, wrong, "10.10.0.0/24"), Map.of())))
                    .isInstanceOf(KelpException.class);
        }
    }

    @Test
    void gatewaysAndRangesHaveASubnetEach() {
        Addressing two = new Addressing(
                List.of("10.9.0.0/24"), List.of("10.9.0.3", "10.9.0.4"), List.of(), Map.of(), true, null, Map.of());
        assertThatThrownBy(() -> catalogue.create(wanted("n", two, Map.of()))).hasMessageContaining("one gateway");
        Addressing other =
                new Addressing(List.of("10.9.0.0/24"), List.of(), List.of("fd00::/64"), Map.of(), true, null, Map.of());
        assertThatThrownBy(() -> catalogue.create(wanted("n", other, Map.of())))
                .hasMessageContaining("range of IPv6 has no subnet");
    }

    @Test
    void whatCannotBeIsRefused() {
        catalogue.create(wanted("a", "10.9.0.0/24"));
        assertThatThrownBy(() -> catalogue.create(wanted("a"))).hasMessageContaining("already exists");
        assertThatThrownBy(() -> catalogue.create(wanted("b", "10.9.0.128/25"))).hasMessageContaining("overlaps");
        assertThatThrownBy(() -> catalogue.create(wanted("b", "10.10.0.0/24", "10.11.0.0/24")))
                .hasMessageContaining("at most one subnet of each family");
        for (String name : List.of("", "-a", "a b", "a/b", "x".repeat(129))) {
            assertThatThrownBy(() -> catalogue.create(wanted(name))).hasMessageContaining("is not a name");
        }
        assertThatThrownBy(() ->
                        catalogue.create(new NewNetwork("b", "macvlan", Addressing.of(), false, Map.of(), Map.of())))
                .hasMessageContaining("macvlan");
        assertThatThrownBy(() -> catalogue.find("nothing")).hasMessageContaining("no such network: nothing");
        assertThat(catalogue.all()).hasSize(4);
    }
}
