// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.shell.Commands.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// Writes help like a manual page: name, synopsis, description, options in groups, exit status, examples.
final class HelpPage {
    private static final int COLUMNS_MAX = 100;
    private static final int COLUMNS_MIN = 40;
    private static final int FLAG_COLUMNS = 34;

    private final StringBuilder out = new StringBuilder();
    private final int columns;

    private HelpPage(int columns) {
        this.columns = columns <= 0 ? 80 : Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, columns));
    }

    /// @param words the command with its group and the program's name: `kelp image ls`
    static String command(String words, Row row, CommandSpec spec, int columns) {
        HelpPage page = new HelpPage(columns);
        page.section("Name");
        page.paragraph(words + " – " + row.summary(), 4);
        page.section("Synopsis");
        for (String way : spec.usageMessage().customSynopsis()) {
            page.paragraph(words + " " + way, 4);
        }
        page.section("Description");
        for (String paragraph : spec.usageMessage().description()) {
            page.paragraph(paragraph, 4);
        }
        page.options(spec);
        Map<String, String> codes = spec.usageMessage().exitCodeList();
        page.section("Exit status");
        if (codes.isEmpty()) {
            page.entry("0", "it went well");
            page.entry("1", "an error, said on standard error");
        } else {
            codes.forEach(page::entry);
        }
        page.entry("130", "ended by ctrl-c (128 and the signal's number)");
        if (spec.usageMessage().footer().length > 0) {
            page.section("Examples");
            for (String example : spec.usageMessage().footer()) {
                page.out.append("    ").append(example).append('\n');
            }
        }
        page.out.append("\nGlobal flags such as --namespace: kelp --help\n");
        return page.out.toString();
    }

    /// The commands of a group, or of the program with its global flags when `rows` is the root.
    static String group(String words, List<Row> rows, boolean root, int columns) {
        HelpPage page = new HelpPage(columns);
        page.section("Name");
        page.paragraph(words + (root ? " – a rootless container engine" : " – a group of commands"), 4);
        page.section("Synopsis");
        page.paragraph(words + (root ? " [GLOBAL FLAGS]" : "") + " COMMAND [OPTIONS] [ARGUMENT…]", 4);
        Set<String> sections = rows.stream().map(Row::section).collect(Collectors.toCollection(LinkedHashSet::new));
        for (String section : sections) {
            page.section(section.isEmpty() ? "Commands" : section);
            rows.stream()
                    .filter(r -> r.section().equals(section))
                    .forEach(r -> page.entry(String.join(", ", r.names()), r.summary()));
        }
        if (root) {
            page.section("Global flags");
            for (GlobalFlags.Row r : GlobalFlags.ROWS) {
                if (!r.names().isEmpty()) {
                    page.entry((String.join(", ", r.names()) + " " + r.label()).strip(), r.description());
                }
            }
            page.entry("-h, --help", "print this");
            page.entry("-v, --version", "print the version");
            page.section("Environment");
            for (GlobalFlags.Row r : GlobalFlags.ROWS) {
                if (!r.variable().isEmpty()) {
                    page.entry(
                            r.variable(),
                            r.names().isEmpty()
                                    ? r.description()
                                    : "for " + r.names().getLast());
                }
            }
            page.entry("KELP_DATA_ROOT", "where images and containers are kept");
            page.entry("DOCKER_CONFIG", "folder of config.json with credentials for registries");
            page.entry("NERDCTL_TOML", "the settings file instead of the two below");
            page.section("Files");
            page.entry("~/.config/kelp/kelp.toml", "settings: what a global flag is when it is not given");
            page.entry("~/.config/nerdctl/nerdctl.toml", "the same; kelp.toml counts where both have a key");
            page.paragraph(
                    "A key is a flag's name with `_` for `-`: hosts_dir = [\"/etc/containerd/certs.d\"]. Without a flag"
                            + " there are also dns, dns_opts and dns_search. Flags count most, then the environment,"
                            + " then the files.",
                    4);
        }
        page.out.append("\nMore about a command: ").append(words).append(" COMMAND --help\n");
        return page.out.toString();
    }

    private void options(CommandSpec spec) {
        // several mixins may belong under one heading
        Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
        Set<OptionSpec> mixed = new LinkedHashSet<>();
        List<OptionSpec> own = groups.computeIfAbsent("Options", h -> new ArrayList<>());
        spec.mixins().values().forEach(mixin -> {
            groups.computeIfAbsent(mixin.usageMessage().optionListHeading().strip(), h -> new ArrayList<>())
                    .addAll(mixin.options());
            mixed.addAll(mixin.options());
        });
        own.addAll(0, spec.options().stream().filter(o -> !mixed.contains(o)).toList());
        groups.forEach((heading, options) -> {
            List<OptionSpec> visible = options.stream().filter(o -> !o.hidden()).toList();
            if (!visible.isEmpty()) {
                section(heading);
                visible.forEach(o -> entry(flag(o), String.join(" ", o.description())));
            }
        });
    }

    private static String flag(OptionSpec o) {
        String names = String.join(", ", o.names());
        boolean value = o.arity().max() > 0;
        return (names.startsWith("--") ? "    " : "") + names + (value ? " " + o.paramLabel() : "");
    }

    private void section(String heading) {
        if (!out.isEmpty()) {
            out.append('\n');
        }
        out.append(heading.toUpperCase(java.util.Locale.ROOT)).append('\n');
    }

    private void entry(String left, String text) {
        String start = "    " + left;
        int indent = Math.min(FLAG_COLUMNS, columns / 2);
        if (start.length() >= indent - 1) {
            out.append(start).append('\n');
            paragraph(text, indent);
            return;
        }
        int from = out.length();
        paragraph(text, indent);
        out.replace(from, from + start.length(), start);
    }

    private void paragraph(String text, int indent) {
        StringBuilder line = new StringBuilder(" ".repeat(indent));
        for (String word : text.split(" ")) {
            if (line.length() > indent && line.length() + word.length() + 1 > columns) {
                out.append(line.toString().stripTrailing()).append('\n');
                line.setLength(0);
                line.repeat(' ', indent);
            }
            line.append(line.length() > indent ? " " : "").append(word);
        }
        out.append(line).append('\n');
    }
}
