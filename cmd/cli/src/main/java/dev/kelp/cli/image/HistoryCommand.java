// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.engine.Images.ImageLayer;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.ImageConfig.History;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "history",
        customSynopsis = "[OPTIONS] IMAGE",
        description =
                "Shows how an image was made, the last step first. SNAPSHOT is `<missing>` for steps that changed no"
                        + " files.",
        footer = {"kelp history alpine", "kelp history --no-trunc --format '{{.CreatedBy}}' alpine"})
public final class HistoryCommand extends dev.kelp.cli.KelpCommand {
    private static final String MISSING = "<missing>";
    private static final int CREATED_BY_LENGTH_MAX = 45;

    @Option(
            names = {"-q", "--quiet"},
            description = "only the snapshots")
    boolean quiet;

    @Option(names = "--no-trunc", description = "whole ids and commands")
    boolean noTrunc;

    @Option(
            names = {"-H", "--human"},
            arity = "0..1",
            paramLabel = "BOOL",
            fallbackValue = "true",
            description = "sizes and times in words (default: true)")
    boolean human = true;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Option(names = "--platform", paramLabel = "OS/ARCH", description = "of an image for several platforms")
    @Nullable
    String platform;

    @Parameters(paramLabel = "IMAGE")
    String image = "";

    /// A step.
    ///
    /// @param layer null when it changed no files
    private record Row(String id, History history, @Nullable ImageLayer layer) {}

    @Override
    public int run(Invocation call) {
        if (quiet && format != null && !format.isEmpty()) {
            throw KelpException.invalid("--quiet and --format exclude each other");
        }
        ImageDetail detail = call.images().inspect(image, platform == null ? null : Platform.parse(platform));
        List<Row> rows = rows(detail, call.images().layers(detail)).reversed();
        if (quiet) {
            rows.forEach(r -> call.out().append(snapshot(r)).append('\n'));
            return 0;
        }
        listing(call).print(call.out(), format, rows);
        return 0;
    }

    /// Steps, first to last. The lowest layers may be older than the history: they come as steps of their own.
    private static List<Row> rows(ImageDetail detail, List<ImageLayer> layers) {
        List<History> history =
                detail.config().history() == null ? List.of() : detail.config().history();
        long told = history.stream().filter(h -> !isEmpty(h)).count();
        List<Row> rows = new ArrayList<>();
        int next = 0;
        while (layers.size() - next > told) {
            rows.add(new Row(MISSING, new History(null, null, null, null, null), layers.get(next++)));
        }
        for (History h : history) {
            boolean empty = isEmpty(h) || next >= layers.size();
            rows.add(new Row(MISSING, h, empty ? null : layers.get(next++)));
        }
        if (!rows.isEmpty()) {
            Row last = rows.removeLast();
            rows.add(new Row(detail.platform().configDigest().toString(), last.history, last.layer));
        }
        return rows;
    }

    private static boolean isEmpty(History h) {
        return Boolean.TRUE.equals(h.emptyLayer());
    }

    private Listing<Row> listing(Invocation call) {
        return new Listing<Row>()
                .column("SNAPSHOT", "Snapshot", this::snapshot)
                .column("CREATED", "CreatedSince", r -> human ? since(r, call.now()) : createdAt(r))
                .column("CREATED BY", "CreatedBy", this::createdBy)
                .column("SIZE", "Size", r -> size(r.layer == null ? 0 : r.layer.sizeBytes()))
                .column("COMMENT", "Comment", r -> orEmpty(r.history.comment()))
                .field("CreatedAt", HistoryCommand::createdAt)
                .field("ID", r -> noTrunc || r.id.equals(MISSING) ? r.id : r.id.substring(7, 19));
    }

    private String snapshot(Row r) {
        if (r.layer == null) {
            return MISSING;
        }
        String id = r.layer.chainId();
        return noTrunc ? id : id.substring(id.indexOf(':') + 1).substring(0, 12);
    }

    private static String since(Row r, Instant now) {
        Instant created = created(r);
        return created == null ? "N/A" : Units.humanDuration(Duration.between(created, now)) + " ago";
    }

    private static String createdAt(Row r) {
        Instant created = created(r);
        return created == null ? "" : created.toString();
    }

    private static @Nullable Instant created(Row r) {
        String said = r.history.created();
        try {
            return said == null ? null : OffsetDateTime.parse(said).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    private String createdBy(Row r) {
        String text = orEmpty(r.history.createdBy()).replaceAll("[\\p{Cntrl}\\s]+", " ");
        return noTrunc || text.length() <= CREATED_BY_LENGTH_MAX
                ? text
                : text.substring(0, CREATED_BY_LENGTH_MAX - 1) + "…";
    }

    private String size(long bytes) {
        return human ? Units.decimalSize(bytes) : Long.toString(bytes);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }
}
