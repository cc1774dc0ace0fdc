// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccelerationWishTest {
    private static final String KEY = AccelerationWish.KEY;
    private static final String DEFAULT = "kelp/network-accel-default";

    private static ContainerSpec spec(Map<String, String> annotations, Map<String, String> labels) {
        return OciJson.read(
                OciJson.write(Map.of("annotations", annotations, "labels", labels)), ContainerSpec.class, "a spec");
    }

    private static NetworkDefinition network(Map<String, String> labels, Map<String, String> options) {
        return new NetworkDefinition("id", "n", "bridge", List.of(), false, 1500, "br", labels, options, 0);
    }

    private static Map<String, String> pair(String key, String value) {
        return value == null ? Map.of() : Map.of(key, value);
    }

    /// What is nearer to the container counts: its annotation, its label, its network, the user's settings.
    @ParameterizedTest
    @CsvSource({
        ",,,,, false",
        "true,,,,, true",
        "false, true, true, true, true, false",
        ", true,,,, true",
        ", false, true,,true, false",
        ",, true,,, true",
        ",, false, true, true, false",
        ",,, true,, true",
        ",,, false, true, false",
        ",,,, true, true",
        "'',,true,,, false",
        "T,,,,, true",
    })
    void theNearestOfThemDecides(
            String annotation, String label, String networkLabel, String networkOption, String byDefault, boolean on) {
        Map<String, String> annotations = new HashMap<>(pair(KEY, annotation));
        annotations.putAll(pair(DEFAULT, byDefault));
        NetworkDefinition network = network(pair(KEY, networkLabel), pair(AccelerationWish.OPTION, networkOption));
        Optional<AccelerationWish> wish =
                AccelerationWish.of(spec(annotations, pair(KEY, label)), () -> Optional.of(network));
        assertThat(wish.isPresent()).isEqualTo(on);
    }

    @Test
    void aDefaultIsNotAskedFor() {
        assertThat(AccelerationWish.isAskedBy(spec(Map.of(DEFAULT, "true"), Map.of())))
                .isFalse();
        assertThat(AccelerationWish.isAskedBy(spec(Map.of(KEY, "true"), Map.of())))
                .isTrue();
        assertThat(AccelerationWish.of(spec(Map.of(DEFAULT, "true"), Map.of()), Optional::empty))
                .isPresent();
    }

    @Test
    void subnetsAndBindComeFromAnnotations() {
        ContainerSpec spec = spec(
                Map.of(
                        KEY,
                        "true",
                        KEY + "-ignore-subnets",
                        "[\"10.0.0.0/8\", \"auto\", \"fd00::/8\"]",
                        KEY + "-ignore-bind",
                        "true"),
                Map.of());
        assertThat(AccelerationWish.of(spec, Optional::empty))
                .contains(new AccelerationWish(List.of(Subnet.parse("10.0.0.0/8"), Subnet.parse("fd00::/8")), true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/8", "{}", "[1]", "[\"x\"]", "["})
    void subnetsAreAListOfSubnets(String json) {
        ContainerSpec spec = spec(Map.of(KEY, "true", KEY + "-ignore-subnets", json), Map.of());
        assertThatThrownBy(() -> AccelerationWish.of(spec, Optional::empty))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining(KEY + "-ignore-subnets");
    }

    @Test
    void whatIsNeitherTrueNorFalseIsRefused() {
        ContainerSpec spec = spec(Map.of(KEY, "perhaps"), Map.of());
        assertThatThrownBy(() -> AccelerationWish.of(spec, Optional::empty))
                .hasMessage("annotation " + KEY + ": `perhaps` is neither true nor false");
    }

    @ParameterizedTest
    @CsvSource({
        "8080:80, false, false, false, true",
        "8080:80, false, false, true, false",
        "8080:80, false, true, false, false",
        "8080:80/udp, false, false, false, false",
        ", true, false, false, true",
        ", false, false, false, false",
    })
    void whoPublishesIsToldOfListenersThatNothingGuards(
            String port, boolean all, boolean ignoreBind, boolean guarded, boolean told) {
        List<PortMapping> ports = port == null ? List.of() : PortMapping.parse(port);
        List<String> shortfalls = new AccelerationWish(List.of(), ignoreBind)
                .shortfalls(new Networking(List.of(), ports, all, List.of()), () -> guarded);
        if (told) {
            assertThat(shortfalls).hasSize(1).first().asString().contains(KEY + "-ignore-bind=true");
        } else {
            assertThat(shortfalls).isEmpty();
        }
    }
}
