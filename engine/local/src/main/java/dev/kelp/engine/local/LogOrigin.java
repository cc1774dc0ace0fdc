// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import dev.kelp.runtime.receiver.Origin;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// What `--log-opt tag`, `labels`, `labels-regex`, `env` and `env-regex` make of a container. A tag is a Go template of
/// fields only: `{{.Name}}/{{.ID}}`.
final class LogOrigin {
    private static final Pattern FIELD = Pattern.compile("\\{\\{\\s*\\.([A-Za-z]+)\\s*}}");
    private static final Set<String> FIELDS =
            Set.of("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "Command", "DaemonName");
    private static final int SHORT = 12;

    private LogOrigin() {}

    /// Refuses what is neither a template nor a regular expression.
    static void check(Logging logging) {
        String tag = logging.options().getOrDefault("tag", "");
        Matcher m = FIELD.matcher(tag);
        while (m.find()) {
            if (!FIELDS.contains(m.group(1))) {
                throw KelpException.invalid("invalid tag `" + tag + "`: there is no field ." + m.group(1))
                        .withHint("there are ."
                                + String.join(", .", FIELDS.stream().sorted().toList()));
            }
        }
        if (FIELD.matcher(tag).replaceAll("").contains("{{")) {
            throw KelpException.invalid("invalid tag `" + tag + "`: only fields such as {{.Name}} are understood");
        }
        for (String option : List.of("labels-regex", "env-regex")) {
            try {
                Pattern.compile(logging.options().getOrDefault(option, ""));
            } catch (PatternSyntaxException e) {
                throw KelpException.invalid("invalid " + option + ": " + e.getDescription());
            }
        }
    }

    static Origin of(ContainerRecord c) {
        Map<String, String> options = c.definition().spec().logging().options();
        return new Origin(
                c.id(),
                c.name(),
                c.definition().imageName(),
                tag(c, options.getOrDefault("tag", "{{.ID}}")),
                c.run().pid(),
                extra(c, options));
    }

    private static String tag(ContainerRecord c, String template) {
        String image = c.definition().imageDigest() == null
                ? ""
                : String.valueOf(c.definition().imageDigest());
        Map<String, String> fields = Map.of(
                "ID", c.id().substring(0, SHORT),
                "FullID", c.id(),
                "Name", c.name(),
                "ImageFullID", image,
                "ImageID",
                        image.isEmpty()
                                ? ""
                                : image.substring(image.indexOf(':') + 1).substring(0, SHORT),
                "ImageName", c.definition().imageName(),
                "Command", String.join(" ", c.definition().process().arguments()),
                "DaemonName", "kelp");
        return FIELD.matcher(template).replaceAll(m -> Matcher.quoteReplacement(fields.getOrDefault(m.group(1), "")));
    }

    private static Map<String, String> extra(ContainerRecord c, Map<String, String> options) {
        Map<String, String> labels = new HashMap<>();
        Map<String, String> ofImage = c.definition().image().labels();
        if (ofImage != null) {
            labels.putAll(ofImage);
        }
        labels.putAll(c.definition().spec().labels());
        Map<String, String> variables = new HashMap<>();
        for (String e : c.definition().process().env()) {
            int equals = e.indexOf('=');
            if (equals > 0) {
                variables.put(e.substring(0, equals), e.substring(equals + 1));
            }
        }
        Map<String, String> found = new HashMap<>();
        addTo(found, labels, wanted(options, "labels"));
        addTo(found, variables, wanted(options, "env"));
        return found;
    }

    private static void addTo(Map<String, String> found, Map<String, String> from, Predicate<String> wanted) {
        from.forEach((k, v) -> {
            if (wanted.test(k)) {
                found.put(k, v);
            }
        });
    }

    private static Predicate<String> wanted(Map<String, String> options, String option) {
        Set<String> names =
                new HashSet<>(Arrays.asList(options.getOrDefault(option, "").split(",")));
        String expression = options.getOrDefault(option + "-regex", "");
        if (expression.isEmpty()) {
            return names::contains;
        }
        Pattern pattern = Pattern.compile(expression);
        return k -> names.contains(k) || pattern.matcher(k).find();
    }
}
