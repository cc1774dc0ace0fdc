// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.engine.Containers.ContainerDetail;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What `logs --details` puts before each line: the labels and variables that `--log-opt labels=A,B` and `env=C` named
/// when the container was made.
final class LogDetails {
    private LogDetails() {}

    /// `A=1,C=2 `; empty when none is there.
    static String of(ContainerDetail c) {
        Map<String, String> options = c.spec().logging().options();
        Map<String, String> found = new TreeMap<>();
        for (String label : options.getOrDefault("labels", "").split(",")) {
            String value = c.summary().labels().get(label);
            if (value != null) {
                found.put(label, value);
            }
        }
        for (String variable : options.getOrDefault("env", "").split(",")) {
            c.process().env().stream()
                    .filter(e -> !variable.isEmpty() && e.startsWith(variable + "="))
                    .forEach(e -> found.put(variable, e.substring(variable.length() + 1)));
        }
        return found.isEmpty()
                ? ""
                : found.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .collect(Collectors.joining(",", "", " "));
    }
}
