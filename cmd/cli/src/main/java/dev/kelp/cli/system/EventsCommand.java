// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.format.Timestamps;
import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.Events.Event;
import dev.kelp.engine.Events.EventQuery;
import dev.kelp.engine.Events.EventSink;
import dev.kelp.model.KelpException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "events",
        customSynopsis = "[OPTIONS]",
        description = "Prints what happens to containers, images, volumes and networks as it happens. With --since what"
                + " happened before comes first; with --until it ends then.",
        footer = {
            "kelp events --filter container=web --filter event=die",
            "kelp events --since 10m --until 0s --format json",
            "kelp events --format '{{.Type}} {{.Action}} {{.Actor.ID}}'"
        })
public final class EventsCommand extends dev.kelp.cli.KelpCommand {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnnXXX");
    private static final Pattern WHOLE_AS_JSON = Pattern.compile("json|\\{\\{ *json +\\. *}}");
    private static final long NANOS = 1_000_000_000L;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "type, event, container, image, volume, network, label, scope")
    List<String> filters = new ArrayList<>();

    @Option(names = "--since", paramLabel = "TIME", description = "begin with what happened since: 10m, 2006-01-02 …")
    @Nullable
    String since;

    @Option(names = "--until", paramLabel = "TIME", description = "end then")
    @Nullable
    String until;

    @Option(names = "--format", paramLabel = "FORMAT", description = "json or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        EventQuery query = new EventQuery(time(call, since), time(call, until), EventFilters.parse(filters));
        if (query.since() != null && query.until() != null && query.until().isBefore(query.since())) {
            throw KelpException.invalid("--since `" + since + "` is after --until `" + until + "`");
        }
        Function<Event, String> line = printer(call.zone());
        call.namespace().events().stream(query, new EventSink() {
            @Override
            public boolean event(Event e) {
                call.out().append(line.apply(e)).append('\n');
                return true;
            }

            @Override
            public void idle() {
                call.out().flush();
            }
        });
        return 0;
    }

    private static @Nullable Instant time(Invocation call, @Nullable String text) {
        return text == null || text.isEmpty() ? null : Timestamps.parse(text, call.now(), call.zone());
    }

    private Function<Event, String> printer(ZoneId zone) {
        String f = format == null ? "" : format.strip();
        if (f.isEmpty()) {
            return e -> text(e, zone);
        }
        if (WHOLE_AS_JSON.matcher(f).matches()) {
            return e -> Json.compact(document(e));
        }
        GoTemplate template = GoTemplate.parse(f);
        return e -> template.execute(fields(e));
    }

    private static String text(Event e, ZoneId zone) {
        String attributes = e.attributes().entrySet().stream()
                .map(a -> a.getKey() + "=" + a.getValue())
                .collect(Collectors.joining(", "));
        return TIME.format(e.time().atZone(zone)) + " " + e.type() + " " + e.action() + " " + e.actor()
                + (attributes.isEmpty() ? "" : " (" + attributes + ")");
    }

    /// As Docker's API writes it, with the old fields for containers and images.
    private static Map<String, @Nullable Object> document(Event e) {
        Struct s = new Struct();
        if (isLegacy(e)) {
            s.with("status", e.action()).with("id", e.actor());
            String from = e.attributes().get("image");
            if (e.type().equals("container") && from != null) {
                s.with("from", from);
            }
        }
        return s.with("Type", e.type())
                .with("Action", e.action())
                .with("Actor", actor(e))
                .with("scope", "local")
                .with("time", e.time().getEpochSecond())
                .with("timeNano", nanos(e))
                .map();
    }

    /// As templates name the fields.
    private static Map<String, @Nullable Object> fields(Event e) {
        return new Struct()
                .with("Status", isLegacy(e) ? e.action() : "")
                .with("ID", isLegacy(e) ? e.actor() : "")
                .with("From", e.type().equals("container") ? e.attributes().getOrDefault("image", "") : "")
                .with("Type", e.type())
                .with("Action", e.action())
                .with("Actor", actor(e))
                .with("Scope", "local")
                .with("Time", e.time().getEpochSecond())
                .with("TimeNano", nanos(e))
                .map();
    }

    private static Map<String, @Nullable Object> actor(Event e) {
        return new Struct()
                .with("ID", e.actor())
                .with("Attributes", e.attributes())
                .map();
    }

    private static boolean isLegacy(Event e) {
        return e.type().equals("container") || e.type().equals("image");
    }

    private static long nanos(Event e) {
        Instant time = e.time();
        return time.getEpochSecond() * NANOS + time.getNano();
    }
}
