// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Table;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.PlatformImage;
import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "images",
        customSynopsis = "[OPTIONS] [REPOSITORY[:TAG]]",
        description = "Lists images, newest first, a line for each name and platform. SIZE is what the image takes"
                + " unpacked, BLOB SIZE what was fetched.",
        footer = {
            "kelp images",
            "kelp images --tree",
            "kelp images --filter reference='*:3*' --format '{{.Repository}}'"
        })
public final class ListCommand extends dev.kelp.cli.KelpCommand {
    private static final String NONE = "<none>";
    private static final String KUBERNETES = "k8s.io";
    private static final DateTimeFormatter CREATED_AT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss xx zzz", Locale.ROOT);

    @Option(
            names = {"-a", "--all"},
            description = "accepted for compatibility: all images are shown")
    boolean all;

    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    boolean quiet;

    @Option(names = "--no-trunc", description = "whole digests")
    boolean noTrunc;

    @Option(names = "--digests", description = "add a column for the digest")
    boolean digests;

    @Option(names = "--tree", description = "the platforms of each image below it")
    boolean tree;

    @Option(names = "--names", description = "a column of whole names instead of repository and tag")
    boolean wholeNames;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "before, since, label, dangling, reference, until")
    List<String> filters = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Parameters(arity = "0..1", paramLabel = "REPOSITORY")
    @Nullable
    String repository;

    /// A line of the table.
    record Row(Image image, @Nullable PlatformImage platform) {
        Digest id() {
            return platform == null ? image.target().digest() : platform.id();
        }

        Instant created() {
            return platform == null ? image.created() : platform.created();
        }
    }

    @Override
    public int run(Invocation call) {
        Predicate<Row> filter = ImageFilters.parse(filters, call);
        if (repository != null) {
            filter = filter.and(ImageFilters.repository(repository));
        }
        List<Row> rows = new ArrayList<>();
        for (Image image : call.images().list()) {
            if (image.platforms().isEmpty()) {
                rows.add(new Row(image, null));
            }
            image.platforms().forEach(p -> rows.add(new Row(image, p)));
        }
        rows.removeIf(filter.negate());
        if (call.flags().hidesDuplicateImages() && call.namespaceName().equals(KUBERNETES)) {
            hideDuplicates(rows);
        }
        if (quiet) {
            if (format != null && !format.isEmpty()) {
                throw KelpException.invalid("--quiet and --format exclude each other");
            }
            rows.stream()
                    .map(this::id)
                    .distinct()
                    .forEach(i -> call.out().append(i).append('\n'));
            return 0;
        }
        if (tree) {
            if (format != null && !format.isEmpty()) {
                throw KelpException.invalid("--tree and --format exclude each other");
            }
            call.out().print(tree(rows));
            return 0;
        }
        listing(call.now(), call.zone()).print(call.out(), format, rows);
        return 0;
    }

    private String tree(List<Row> rows) {
        Table table = Table.of("IMAGE", "ID", "DISK USAGE", "CONTENT SIZE");
        rows.stream()
                .collect(Collectors.groupingBy(Row::image, LinkedHashMap::new, Collectors.toList()))
                .forEach((image, parts) -> {
                    String name = image.reference().map(Reference::familiar).orElse(NONE);
                    Digest digest = image.target().digest();
                    table.row(List.of(
                            name,
                            noTrunc ? digest.toString() : digest.shortHex(),
                            size(parts, PlatformImage::sizeBytes),
                            size(parts, PlatformImage::blobBytes)));
                    for (int i = 0; i < parts.size(); i++) {
                        Row part = parts.get(i);
                        String branch = i == parts.size() - 1 ? "└─ " : "├─ ";
                        table.row(List.of(
                                branch + (part.platform == null ? "?" : part.platform.platform()),
                                id(part),
                                size(List.of(part), PlatformImage::sizeBytes),
                                size(List.of(part), PlatformImage::blobBytes)));
                    }
                });
        return table.render();
    }

    private static String size(List<Row> rows, ToLongFunction<PlatformImage> bytes) {
        long all = 0;
        for (Row row : rows) {
            PlatformImage platform = row.platform();
            all += platform == null ? 0 : bytes.applyAsLong(platform);
        }
        return Units.binarySize(all);
    }

    /// Kubernetes gives an image a name by its digest besides the one that was asked for.
    private static void hideDuplicates(List<Row> rows) {
        Set<Digest> named = rows.stream()
                .filter(r -> r.image.reference().flatMap(Reference::tag).isPresent())
                .map(Row::id)
                .collect(Collectors.toSet());
        rows.removeIf(r -> r.image.reference().flatMap(Reference::tag).isEmpty() && named.contains(r.id()));
    }

    private Listing<Row> listing(Instant now, ZoneId zone) {
        List<String> shown = new ArrayList<>(wholeNames ? List.of("Name") : List.of("Repository", "Tag"));
        if (digests) {
            shown.add("Digest");
        }
        shown.addAll(List.of("ID", "CreatedSince", "Platform", "Size", "BlobSize"));
        return new Listing<Row>()
                .column(
                        "REPOSITORY",
                        "Repository",
                        r -> r.image
                                .reference()
                                .map(Reference::familiarRepository)
                                .orElse(NONE))
                .column(
                        "TAG",
                        "Tag",
                        r -> r.image.reference().flatMap(Reference::tag).orElse(NONE))
                .column(
                        "NAME",
                        "Name",
                        r -> r.image.reference().map(Reference::toString).orElse(NONE))
                .column("IMAGE ID", "ID", this::id)
                .column("CREATED", "CreatedSince", r -> since(r.created(), now))
                .column(
                        "PLATFORM",
                        "Platform",
                        r -> r.platform == null ? "" : r.platform.platform().toString())
                .column("SIZE", "Size", r -> Units.binarySize(r.platform == null ? 0 : r.platform.sizeBytes()))
                .column("BLOB SIZE", "BlobSize", r -> Units.binarySize(r.platform == null ? 0 : r.platform.blobBytes()))
                .column("DIGEST", "Digest", r -> r.image.target().digest().toString())
                .field("CreatedAt", r -> CREATED_AT.format(r.created().atZone(zone)))
                .show(shown.toArray(String[]::new));
    }

    private static String since(Instant created, Instant now) {
        return Units.humanDuration(Duration.between(created, now)) + " ago";
    }

    private String id(Row r) {
        return noTrunc ? r.id().toString() : r.id().shortHex();
    }
}
