// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.engine.Events.Event;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/// `events --filter KEY=VALUE`: values of one key are alternatives, except labels; different keys must all match.
final class EventFilters {
    private EventFilters() {}

    static Predicate<Event> parse(List<String> flags) {
        Map<String, List<Predicate<Event>>> byKey = new TreeMap<>();
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (equals <= 0) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            String key = flag.substring(0, equals).toLowerCase(Locale.ROOT);
            byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(one(key, flag.substring(equals + 1)));
        }
        return e -> byKey.entrySet().stream()
                .allMatch(k -> k.getKey().equals("label")
                        ? k.getValue().stream().allMatch(p -> p.test(e))
                        : k.getValue().stream().anyMatch(p -> p.test(e)));
    }

    private static Predicate<Event> one(String key, String value) {
        return switch (key) {
            case "type" -> e -> e.type().equalsIgnoreCase(value);
            case "event" -> event(value.toLowerCase(Locale.ROOT));
            case "container", "volume", "network" -> e -> e.type().equals(key) && named(e, value);
            case "image" -> e -> image(e, value);
            case "label" -> label(value);
            case "scope" -> e -> value.equals("local");
            case "daemon" -> e -> true;
            default ->
                throw KelpException.invalid("invalid filter '" + key + "'")
                        .withHint("there are type, event, container, image, volume, network, label, scope");
        };
    }

    /// `exec_create` means every `exec_create: …`; nerdctl writes actions in capitals.
    private static Predicate<Event> event(String value) {
        return e -> {
            String action = e.action().toLowerCase(Locale.ROOT);
            return action.equals(value) || (value.indexOf(':') < 0 && action.startsWith(value + ":"));
        };
    }

    private static boolean named(Event e, String value) {
        return e.actor().startsWith(value) || value.equals(e.attributes().get("name"));
    }

    private static boolean image(Event e, String value) {
        if (e.type().equals("image")) {
            return named(e, value)
                    || same(e.actor(), value)
                    || same(e.attributes().getOrDefault("name", ""), value);
        }
        return same(e.attributes().getOrDefault("image", ""), value);
    }

    /// Also without the tag.
    private static boolean same(String image, String value) {
        if (image.equals(value)) {
            return true;
        }
        try {
            Reference a = Reference.parse(image);
            return a.equals(Reference.parse(value)) || a.familiarRepository().equals(value);
        } catch (KelpException e) {
            return false;
        }
    }

    private static Predicate<Event> label(String value) {
        int equals = value.indexOf('=');
        String key = equals < 0 ? value : value.substring(0, equals);
        return e -> e.attributes().containsKey(key)
                && (equals < 0
                        || value.substring(equals + 1).equals(e.attributes().get(key)));
    }
}
