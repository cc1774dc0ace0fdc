// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `--label` of namespaces.
@Command(optionListHeading = "Options")
final class LabelFlags {
    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY[=VALUE]",
            description = "a label; without a value it is true")
    List<String> words = new ArrayList<>();

    /// A bare key has the value `true`, as containerd's client has it.
    Map<String, String> map() {
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
