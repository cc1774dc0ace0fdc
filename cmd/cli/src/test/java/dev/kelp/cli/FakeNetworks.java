// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Networks;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Networks that remember what was asked of them.
final class FakeNetworks implements Networks {
    public final List<NewNetwork> created = new ArrayList<>();
    public final List<String> calls = new ArrayList<>();

    @Override
    public NetworkDefinition create(NewNetwork network) {
        created.add(network);
        return definition(network.name(), "d".repeat(64), network.labels());
    }

    private static NetworkDefinition definition(String name, String id, Map<String, String> labels) {
        Subnet subnet = Subnet.parse("10.4.0.0/24");
        return new NetworkDefinition(
                id,
                name,
                "bridge",
                List.of(new Pool(subnet, subnet.address(1), null)),
                false,
                1500,
                "kelp0",
                labels,
                Map.of(),
                0);
    }

    @Override
    public List<String> adopt(String folder, List<NetworkDefinition.Plugins> found) {
        calls.add("adopt " + folder + " " + found.size());
        return List.of();
    }

    @Override
    public List<NetworkDefinition> list() {
        List<NetworkDefinition> all = new ArrayList<>();
        all.add(definition(BRIDGE, "c".repeat(64), Map.of()));
        created.forEach(n -> all.add(definition(n.name(), "d".repeat(64), n.labels())));
        return all;
    }

    @Override
    public NetworkDetail inspect(String network) {
        return list().stream()
                .filter(n -> n.name().equals(network))
                .findFirst()
                .map(n -> new NetworkDetail(
                        n, List.of(new Member("a".repeat(64), "web", "eth0", "10.4.0.2", null, "02:42:0a:04:00:02"))))
                .orElseThrow(() -> KelpException.notFound("no such network: " + network));
    }

    @Override
    public void remove(String network) {
        inspect(network);
        calls.add("remove " + network);
    }

    @Override
    public void connect(String network, String container, Wish wish) {
        calls.add("connect " + network + " " + container + " " + wish.aliases());
    }

    @Override
    public void disconnect(String network, String container) {
        calls.add("disconnect " + network + " " + container);
    }
}
