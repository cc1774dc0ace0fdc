// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Colour;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.HealthStatus;
import dev.kelp.engine.Containers.State;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

    private static final int MOUNT_CHARS = 15;

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
            description = "id, name, label, exited, status, health, before, since, ancestor, volume, network, publish,"
                    + " expose")
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
        Listing<ContainerSummary> listing = listing(call, call.now(), call.zone());
        if (Colour.isWanted(call.client(), call.client().outputIsTerminal())) {
            listing.colour("Status", c -> colour(c.state()));
        }
        listing.print(call.out(), format, rows);
        return 0;
    }

    private Listing<ContainerSummary> listing(Invocation call, Instant now, ZoneId zone) {
        Listing<ContainerSummary> listing = new Listing<ContainerSummary>()
                .column("CONTAINER ID", "ID", this::id)
                .column("IMAGE", "Image", ContainerSummary::image)
                .column("COMMAND", "Command", this::command)
                .column("CREATED", "RunningFor", c -> ago(c.created(), now))
                .column("STATUS", "Status", c -> status(c.state(), now))
                .column("PORTS", "Ports", c -> Published.summary(c.network().ports()))
                .column("NAMES", "Names", ContainerSummary::name);
        boolean wide = "wide".equals(format);
        if (wide) {
            listing.column("RUNTIME", "Runtime", ContainerSummary::runtime)
                    .column("PLATFORM", "Platform", ContainerSummary::platform);
        } else {
            listing.field("Runtime", ContainerSummary::runtime).field("Platform", ContainerSummary::platform);
        }
        // each is a walk through the container's files
        boolean measured = size || wide || (format != null && format.contains(".Size"));
        Function<ContainerSummary, @Nullable Object> sizes = c -> measured ? sizeOf(call, c) : "";
        if (size || wide) {
            listing.column("SIZE", "Size", sizes);
        } else {
            listing.field("Size", sizes);
        }
        return listing.field("CreatedAt", c -> CREATED_AT.format(c.created().atZone(zone)))
                .field("State", c -> c.state().status().word())
                .labels(ContainerSummary::labels)
                .field("LocalVolumes", c -> Long.toString(volumes(c).count()))
                .field(
                        "Mounts",
                        c -> c.spec().mounts().stream()
                                .map(m -> m.source() == null ? m.target() : m.source())
                                .map(m -> noTrunc ? m : shortened(m))
                                .collect(Collectors.joining(",")))
                .field("Networks", c -> String.join(",", DockerNetworkSettings.names(c.spec(), c.network())));
    }

    private static Stream<MountSpec> volumes(ContainerSummary c) {
        return c.spec().mounts().stream().filter(m -> m.type().equals("volume"));
    }

    /// As Docker shortens a mount's source.
    private static String shortened(String source) {
        return source.length() <= MOUNT_CHARS ? source : source.substring(0, MOUNT_CHARS - 1) + "…";
    }

    /// What its own files take, and in brackets with the image's.
    private static String sizeOf(Invocation call, ContainerSummary c) {
        try {
            long own = call.containers().writableBytes(c.id());
            String digest = call.containers()
                    .inspect(c.id())
                    .imageDigest()
                    .map(Object::toString)
                    .orElse("");
            long image = digest.isEmpty()
                    ? 0
                    : call.images().inspect(digest, null).platform().sizeBytes();
            return Units.binarySize(own) + " (virtual " + Units.binarySize(own + image) + ")";
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return "";
            }
            throw e;
        }
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

    /// Green is what runs as it should, red what failed.
    private static @Nullable Colour colour(State s) {
        return switch (s.status()) {
            case RUNNING ->
                s.health().filter(h -> h.status() == HealthStatus.UNHEALTHY).isPresent() ? Colour.RED : Colour.GREEN;
            case PAUSED, RESTARTING, REMOVING -> Colour.YELLOW;
            case EXITED -> s.exitCode() == 0 ? null : Colour.RED;
            case DEAD -> Colour.RED;
            case CREATED -> null;
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
