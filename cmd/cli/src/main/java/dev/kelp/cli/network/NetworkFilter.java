// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// `--filter` of networks: values of one key are alternatives, keys must all hold.
final class NetworkFilter implements Predicate<NetworkDefinition> {
    private static final Set<String> KEYS = Set.of("driver", "id", "label", "name", "scope", "type");
    private static final Set<String> FIXED = Set.of("bridge", "host", "none");

    private final List<String[]> filters;

    NetworkFilter(List<String> texts) {
        filters = texts.stream().map(NetworkFilter::parse).toList();
    }

    private static String[] parse(String text) {
        int equals = text.indexOf('=');
        String key = equals < 0 ? text : text.substring(0, equals);
        if (equals < 0 || !KEYS.contains(key)) {
            throw KelpException.invalid("invalid filter `" + text + "`")
                    .withHint("filters are driver=, id=, label=, name=, scope=, type=");
        }
        return new String[] {key, text.substring(equals + 1)};
    }

    @Override
    public boolean test(NetworkDefinition network) {
        return KEYS.stream().allMatch(key -> {
            List<String[]> mine = filters.stream().filter(f -> f[0].equals(key)).toList();
            // every label must be there, of the others one is enough
            return key.equals("label")
                    ? mine.stream().allMatch(f -> holds(network, key, f[1]))
                    : mine.isEmpty() || mine.stream().anyMatch(f -> holds(network, key, f[1]));
        });
    }

    private static boolean holds(NetworkDefinition network, String key, String value) {
        return switch (key) {
            case "driver" -> network.driver().equals(value);
            case "id" -> network.id().startsWith(value);
            case "name" -> network.name().contains(value);
            case "scope" -> value.equals("local");
            case "type" -> value.equals(FIXED.contains(network.name()) ? "builtin" : "custom");
            default -> {
                int equals = value.indexOf('=');
                String label = network.labels().get(equals < 0 ? value : value.substring(0, equals));
                yield label != null && (equals < 0 || label.equals(value.substring(equals + 1)));
            }
        };
    }
}
