// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.engine.Images.SearchResult;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "search",
        customSynopsis = "[OPTIONS] TERM",
        description = "Looks for images by a word in Docker Hub, or in the registry that the word begins with. Where a"
                + " registry has no search, the names of its catalogue are compared.",
        footer = {"kelp search --filter is-official=true nginx", "kelp search registry.example:5000/app"})
public final class SearchCommand extends dev.kelp.cli.KelpCommand {
    private static final int DESCRIPTION_MAX = 45;

    @Option(names = "--limit", paramLabel = "N", description = "at most that many, 1 to 100 (default: 25)")
    int limit = 25;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "is-official, is-automated, stars")
    List<String> filters = new ArrayList<>();

    @Option(names = "--no-trunc", description = "whole descriptions")
    boolean noTrunc;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Parameters(paramLabel = "TERM")
    String term = "";

    @Override
    public int run(Invocation call) {
        Predicate<SearchResult> filter = r -> true;
        for (String f : filters) {
            filter = filter.and(filter(f));
        }
        // what the registry thought most fitting stays first among equals
        List<SearchResult> found = call.images().search(term, limit, call.registry(), call.client()).stream()
                .filter(filter)
                .sorted(Comparator.comparingInt(SearchResult::stars).reversed())
                .toList();
        new Listing<SearchResult>()
                .column("NAME", "Name", SearchResult::name)
                .column("DESCRIPTION", "Description", r -> description(r.description()))
                .column("STARS", "StarCount", r -> r.stars() < 0 ? "" : String.valueOf(r.stars()))
                .column("OFFICIAL", "IsOfficial", r -> r.official() ? "[OK]" : "")
                .field("IsAutomated", r -> r.automated() ? "[OK]" : "")
                .print(call.out(), format, found);
        return 0;
    }

    private String description(String text) {
        return noTrunc || text.codePointCount(0, text.length()) <= DESCRIPTION_MAX
                ? text
                : text.substring(0, text.offsetByCodePoints(0, DESCRIPTION_MAX - 1)) + "…";
    }

    private static Predicate<SearchResult> filter(String flag) {
        int equals = flag.indexOf('=');
        if (equals < 0) {
            throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
        }
        String value = flag.substring(equals + 1);
        return switch (flag.substring(0, equals)) {
            case "is-official" -> {
                boolean wanted = truth(flag, value);
                yield r -> r.official() == wanted;
            }
            case "is-automated" -> {
                boolean wanted = truth(flag, value);
                yield r -> r.automated() == wanted;
            }
            case "stars" -> {
                if (!value.matches("[0-9]{1,9}")) {
                    throw KelpException.invalid("invalid --filter `" + flag + "`: expected a number");
                }
                int least = Integer.parseInt(value);
                yield r -> r.stars() >= least;
            }
            default ->
                throw KelpException.invalid("unknown filter `" + flag.substring(0, equals) + "`")
                        .withHint("use is-official, is-automated or stars");
        };
    }

    private static boolean truth(String flag, String value) {
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw KelpException.invalid("invalid --filter `" + flag + "`: expected true or false");
        };
    }
}
