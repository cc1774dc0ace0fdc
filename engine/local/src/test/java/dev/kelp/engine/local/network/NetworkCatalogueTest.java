// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Networks.NewNetwork;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Subnet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        return new NewNetwork(
                name, "bridge", List.of(subnets), List.of(), List.of(), false, false, Map.of("a", "b"), Map.of());
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
        NewNetwork dual = new NewNetwork(
                "dual", "bridge", List.of(), List.of(), List.of(), false, true, Map.of(), Map.of("mtu", "9000"));
        NetworkDefinition made = catalogue.create(dual);
        assertThat(made.pools()).hasSize(2);
        assertThat(Subnet.parse("fd00::/8").contains(made.pools().get(1).subnet()))
                .isTrue();
        assertThat(made.mtu()).isEqualTo(9000);
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
        assertThatThrownBy(() -> catalogue.create(new NewNetwork(
                        "b", "macvlan", List.of(), List.of(), List.of(), false, false, Map.of(), Map.of())))
                .hasMessageContaining("macvlan");
        assertThatThrownBy(() -> catalogue.find("nothing")).hasMessageContaining("no such network: nothing");
        assertThat(catalogue.all()).hasSize(4);
    }
}
