// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Secrets.Secret;
import dev.kelp.model.KelpException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists secrets, by name, but not what they say.",
        footer = {"kelp secret ls", "kelp secret ls -q --filter name=db"})
public final class ListCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    boolean quiet;

    @Option(
            names = {"-n", "--noheading"},
            description = "no line of headings")
    boolean noHeading;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "name (a part of it), id (how it begins), label")
    List<String> filters = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int errorCode() {
        return 125;
    }

    @Override
    public int run(Invocation call) {
        List<Predicate<Secret>> wanted =
                filters.stream().map(ListCommand::filter).toList();
        List<Secret> rows = call.namespace().secrets().list().stream()
                .filter(s -> wanted.stream().allMatch(p -> p.test(s)))
                .toList();
        if (quiet) {
            rows.forEach(s -> call.out().append(s.id()).append('\n'));
            return 0;
        }
        Listing<Secret> table = new Listing<Secret>()
                .column("ID", "ID", Secret::id)
                .column("NAME", "Name", Secret::name)
                .column("DRIVER", "Driver", Secret::driver)
                .column("CREATED", "CreatedAt", s -> age(s, call.now()))
                .column("UPDATED", "UpdatedAt", s -> age(s, call.now()))
                .labels(Secret::labels);
        if (noHeading && (format == null || format.isEmpty())) {
            table.print(call.out(), "{{.ID}}    {{.Name}}    {{.Driver}}    {{.CreatedAt}}    {{.UpdatedAt}}", rows);
        } else {
            table.print(call.out(), format, rows);
        }
        return 0;
    }

    private static String age(Secret s, Instant now) {
        return Units.humanDuration(Duration.between(s.created(), now)) + " ago";
    }

    private static Predicate<Secret> filter(String flag) {
        int equals = flag.indexOf('=');
        String key = equals < 0 ? flag : flag.substring(0, equals);
        String value = equals < 0 ? "" : flag.substring(equals + 1);
        return switch (key) {
            case "name" -> s -> s.name().contains(value);
            case "id" -> s -> s.id().startsWith(value);
            case "label" ->
                s -> s.labels().containsKey(value)
                        || s.labels().entrySet().stream()
                                .anyMatch(l -> (l.getKey() + "=" + l.getValue()).equals(value));
            default ->
                throw KelpException.invalid("invalid filter '" + key + "'").withHint("there are name, id, label");
        };
    }
}
