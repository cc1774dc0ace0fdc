// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.cli.template.TemplateMethod;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.State;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ps",
        customSynopsis = "[OPTIONS]",
        description = "Lists running containers, newest first.",
        footer = {
            "kelp ps -a --filter status=exited",
            "kelp ps --format '{{.Names}}: {{.Status}}'",
            "kelp ps --format 'table {{.ID}}\\t{{.Image}}'",
            "kelp ps --format json"
        })
public final class ListCommand extends dev.kelp.cli.KelpCommand {
    /// Longer commands are cut off unless `--no-trunc`.
    private static final int COMMAND_CHARS = 20;

    private static final DateTimeFormatter CREATED_AT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss xx zzz", Locale.ROOT);

    @Option(
            names = {"-a", "--all"},
            description = "also those that do not run")
    boolean all;

    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    boolean quiet;

    @Option(
            names = {"-n", "--last"},
            paramLabel = "NUMBER",
            description = "the last made ones, running or not")
    int last = -1;

    @Option(
            names = {"-l", "--latest"},
            description = "the last made one, running or not")
    boolean latest;

    @Option(
            names = {"-s", "--size"},
            description = "add a column for sizes")
    boolean size;

    @Option(names = "--no-trunc", description = "whole ids and commands")
    boolean noTrunc;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "id, name, label, exited, status, health, before, since, ancestor")
    List<String> filters = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        int count = latest ? 1 : last;
        boolean everything = all || count >= 0 || filters.stream().anyMatch(f -> f.matches("(?i)(status|exited)=.*"));
        Predicate<ContainerSummary> filter = Filters.parse(
                filters, n -> call.containers().inspect(n).summary().created());
        List<ContainerSummary> rows = call.containers().list(everything).stream()
                .filter(filter)
                .limit(count >= 0 ? count : Long.MAX_VALUE)
                .toList();
        if (quiet) {
            if (format != null && !format.isEmpty()) {
                throw KelpException.invalid("--quiet and --format exclude each other");
            }
            rows.forEach(c -> call.out().append(id(c)).append('\n'));
            return 0;
        }
        listing(call.now(), call.zone()).print(call.out(), format, rows);
        return 0;
    }

    private Listing<ContainerSummary> listing(Instant now, ZoneId zone) {
        Listing<ContainerSummary> listing = new Listing<ContainerSummary>()
                .column("CONTAINER ID", "ID", this::id)
                .column("IMAGE", "Image", ContainerSummary::image)
                .column("COMMAND", "Command", this::command)
                .column("CREATED", "RunningFor", c -> ago(c.created(), now))
                .column("STATUS", "Status", c -> status(c.state(), now))
                .column("PORTS", "Ports", c -> "")
                .column("NAMES", "Names", ContainerSummary::name);
        if (size) {
            listing.column("SIZE", "Size", c -> "");
        } else {
            listing.field("Size", c -> "");
        }
        return listing.field("CreatedAt", c -> CREATED_AT.format(c.created().atZone(zone)))
                .field("State", c -> c.state().status().word())
                .field("Labels", c -> labels(c.labels()))
                .field("Label", c -> (TemplateMethod) a -> label(c, a))
                .field("LocalVolumes", c -> "0")
                .field("Mounts", c -> "")
                .field("Networks", c -> "")
                .field("Platform", ContainerSummary::platform)
                .field("Runtime", c -> "");
    }

    private static String label(ContainerSummary c, List<@Nullable Object> arguments) {
        if (arguments.size() != 1) {
            throw KelpException.invalid("template execution error: .Label takes the name of a label");
        }
        return c.labels().getOrDefault(String.valueOf(arguments.getFirst()), "");
    }

    private String id(ContainerSummary c) {
        return noTrunc ? c.id() : c.id().substring(0, Math.min(12, c.id().length()));
    }

    private String command(ContainerSummary c) {
        String words = String.join(" ", c.command());
        if (!noTrunc && words.codePointCount(0, words.length()) > COMMAND_CHARS) {
            words = words.substring(0, words.offsetByCodePoints(0, COMMAND_CHARS - 1)) + "…";
        }
        return "\"" + words.replace("\n", "\\n") + "\"";
    }

    static String labels(Map<String, String> labels) {
        return new TreeMap<>(labels)
                .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(","));
    }

    static String ago(Instant time, Instant now) {
        return Units.humanDuration(Duration.between(time, now)) + " ago";
    }

    /// Docker's words for a state: `Up 5 minutes`, `Exited (0) 2 hours ago`, `Created`.
    static String status(State s, Instant now) {
        return switch (s.status()) {
            case CREATED -> "Created";
            case RUNNING -> up(s, now) + health(s);
            case PAUSED -> up(s, now) + " (Paused)";
            case RESTARTING -> "Restarting (" + s.exitCode() + ")" + since(s.finished(), now);
            case REMOVING -> "Removal In Progress";
            case EXITED -> "Exited (" + s.exitCode() + ")" + since(s.finished(), now);
            case DEAD -> "Dead";
        };
    }

    private static String up(State s, Instant now) {
        return "Up"
                + s.started()
                        .map(t -> " " + Units.humanDuration(Duration.between(t, now)))
                        .orElse("");
    }

    /// ` (healthy)`, ` (unhealthy)`, ` (health: starting)`; empty without a health check.
    private static String health(State s) {
        return s.health()
                .map(h -> switch (h.status()) {
                    case STARTING -> " (health: starting)";
                    case HEALTHY, UNHEALTHY -> " (" + h.status().word() + ")";
                })
                .orElse("");
    }

    private static String since(Optional<Instant> time, Instant now) {
        return time.map(t -> " " + ago(t, now)).orElse("");
    }

    /// The name of an image as short as it can be typed, when it is one.
    static String familiar(String image) {
        try {
            return Reference.parse(image).familiar();
        } catch (KelpException e) {
            return image;
        }
    }
}
