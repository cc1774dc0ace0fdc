// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Timestamps;
import dev.kelp.cli.image.ListCommand.Row;
import dev.kelp.engine.Images.Image;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// `images --filter KEY=VALUE`: all must match, references are alternatives.
public final class ImageFilters {
    private ImageFilters() {}

    static Predicate<Row> parse(List<String> flags, Invocation call) {
        Predicate<Row> all = r -> true;
        Predicate<Row> references = null;
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (equals <= 0) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            String value = flag.substring(equals + 1);
            switch (flag.substring(0, equals)) {
                case "before" -> {
                    Instant time = created(call, value);
                    all = all.and(r -> r.created().isBefore(time));
                }
                case "since" -> {
                    Instant time = created(call, value);
                    all = all.and(r -> r.created().isAfter(time));
                }
                case "until" -> {
                    Instant time = Timestamps.parse(value, call.now(), call.zone());
                    all = all.and(r -> r.created().isBefore(time));
                }
                case "label" -> all = all.and(label(value));
                case "dangling" -> {
                    boolean wanted = truth(value);
                    all = all.and(r -> r.image().reference().isEmpty() == wanted);
                }
                case "reference" -> references = references == null ? glob(value) : references.or(glob(value));
                default ->
                    throw KelpException.invalid("unknown filter `" + flag.substring(0, equals) + "`")
                            .withHint("there are before, since, until, label, dangling, reference");
            }
        }
        return references == null ? all : all.and(references);
    }

    /// `image prune --filter`: all must match, an image for several platforms by each of them.
    public static Predicate<Image> forPruning(List<String> flags, Invocation call) {
        Predicate<Row> all = r -> true;
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            String key = equals <= 0 ? flag : flag.substring(0, equals);
            String value = equals <= 0 ? "" : flag.substring(equals + 1);
            if (equals <= 0 || value.isEmpty()) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            switch (key) {
                case "until" -> {
                    Instant time = Timestamps.parse(value, call.now(), call.zone());
                    all = all.and(r -> r.created().isBefore(time));
                }
                case "label" -> all = all.and(label(value));
                case "label!" -> all = all.and(label(value).negate());
                default ->
                    throw KelpException.invalid("unknown filter `" + key + "`")
                            .withHint("there are until, label, label!");
            }
        }
        Predicate<Row> rows = all;
        return image -> image.platforms().isEmpty()
                ? rows.test(new Row(image, null))
                : image.platforms().stream().allMatch(p -> rows.test(new Row(image, p)));
    }

    /// The argument of `images`: a repository, or a repository and tag.
    static Predicate<Row> repository(String text) {
        if (text.indexOf('*') >= 0 || text.indexOf('?') >= 0) {
            return glob(text);
        }
        Reference wanted = Reference.parse(text);
        boolean tagged = text.substring(text.lastIndexOf('/') + 1).indexOf(':') >= 0 || text.indexOf('@') >= 0;
        return r -> r.image()
                .reference()
                .filter(f -> tagged ? f.equals(wanted) : f.repository().equals(wanted.repository()))
                .isPresent();
    }

    private static Instant created(Invocation call, String name) {
        return call.images().inspect(name, null).platform().created();
    }

    private static Predicate<Row> label(String value) {
        int equals = value.indexOf('=');
        String key = equals < 0 ? value : value.substring(0, equals);
        return r -> r.platform() != null
                && r.platform().labels().containsKey(key)
                && (equals < 0
                        || value.substring(equals + 1)
                                .equals(r.platform().labels().get(key)));
    }

    private static boolean truth(String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw KelpException.invalid("invalid --filter `dangling=" + value + "`: expected true or false");
        }
        return value.equals("true");
    }

    /// A pattern of a shell against the short and the whole name, with and without its tag.
    private static Predicate<Row> glob(String text) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            b.append(c == '*' ? "[^/]*" : c == '?' ? "[^/]" : Pattern.quote(String.valueOf(c)));
        }
        Pattern p = Pattern.compile(b.toString());
        return r -> {
            Optional<Reference> f = r.image().reference();
            return f.isPresent()
                    && List.of(
                                    f.get().familiar(),
                                    f.get().familiarRepository(),
                                    f.get().toString(),
                                    f.get().repository())
                            .stream()
                            .anyMatch(n -> p.matcher(n).matches());
        };
    }
}
