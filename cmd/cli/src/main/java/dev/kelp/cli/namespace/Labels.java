// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.model.KelpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `--label` of namespaces.
final class Labels {
    private Labels() {}

    /// A bare key has the value `true`, as containerd's client has it.
    static Map<String, String> parse(List<String> words) {
        Map<String, String> labels = new LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals);
            if (key.isBlank()) {
                throw KelpException.invalid("invalid --label `" + word + "`: expected KEY=VALUE");
            }
            labels.put(key, equals < 0 ? "true" : word.substring(equals + 1));
        }
        return labels;
    }
}
