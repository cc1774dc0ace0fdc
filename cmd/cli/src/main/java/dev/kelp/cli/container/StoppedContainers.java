// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Timestamps;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Pruned;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/// The containers that `prune` removes.
public final class StoppedContainers {
    private StoppedContainers() {}

    /// Docker's list of what was removed; nothing when nothing was.
    public static void print(Pruned pruned, PrintStream out) {
        if (!pruned.ids().isEmpty()) {
            out.append("Deleted Containers:\n");
            pruned.ids().forEach(id -> out.append(id).append('\n'));
            out.append('\n');
        }
    }

    /// `until=TIME`, `label=KEY[=VALUE]`, `label!=KEY[=VALUE]`: all of them must hold.
    public static Predicate<ContainerSummary> filter(Invocation call, List<String> flags) {
        BiPredicate<Instant, Map<String, String>> conditions = conditions(call, flags);
        return c -> conditions.test(c.created(), c.labels());
    }

    /// The same of anything that was made at some time and has labels.
    public static BiPredicate<Instant, Map<String, String>> conditions(Invocation call, List<String> flags) {
        BiPredicate<Instant, Map<String, String>> all = (made, labels) -> true;
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            String key = equals < 0 ? flag : flag.substring(0, equals);
            String value = equals < 0 ? "" : flag.substring(equals + 1);
            if (equals <= 0 || value.isEmpty()) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            switch (key) {
                case "until" -> {
                    Instant time = Timestamps.parse(value, call.now(), call.zone());
                    all = all.and((made, labels) -> made.isBefore(time));
                }
                case "label" -> all = all.and((made, labels) -> has(labels, value));
                case "label!" -> all = all.and((made, labels) -> !has(labels, value));
                default ->
                    throw KelpException.invalid("invalid filter '" + key + "'")
                            .withHint("there are until, label, label!");
            }
        }
        return all;
    }

    /// The filters by label alone.
    public static Predicate<Map<String, String>> labels(List<String> flags) {
        Predicate<Map<String, String>> all = l -> true;
        for (String flag : flags) {
            if (flag.startsWith("label=")) {
                all = all.and(l -> has(l, flag.substring("label=".length())));
            } else if (flag.startsWith("label!=")) {
                all = all.and(l -> !has(l, flag.substring("label!=".length())));
            }
        }
        return all;
    }

    private static boolean has(Map<String, String> labels, String wanted) {
        int equals = wanted.indexOf('=');
        String key = equals < 0 ? wanted : wanted.substring(0, equals);
        return labels.containsKey(key)
                && (equals < 0 || wanted.substring(equals + 1).equals(labels.get(key)));
    }
}
