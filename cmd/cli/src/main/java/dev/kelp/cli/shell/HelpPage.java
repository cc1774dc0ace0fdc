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

/// What help says, in the order of a manual page: name, synopsis, description, options in groups, exit status,
/// examples.
final class HelpPage {
    private HelpPage() {}

    /// @param words the command with its group and the program's name: `kelp image ls`
    static void command(String words, Row row, CommandSpec spec, PageWriter page) {
        page.begin(words, row.summary());
        page.section("Synopsis");
        for (String way : spec.usageMessage().customSynopsis()) {
            page.paragraph(words + " " + way);
        }
        page.section("Description");
        for (String paragraph : spec.usageMessage().description()) {
            page.paragraph(paragraph);
        }
        options(spec, page);
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
                page.example(example);
            }
        }
        page.end("Global flags such as --namespace: kelp --help");
    }

    /// The commands of a group, or of the program with its global flags when `rows` is the root.
    static void group(String words, List<Row> rows, boolean root, PageWriter page) {
        page.begin(words, root ? "a rootless container engine" : "a group of commands");
        page.section("Synopsis");
        page.paragraph(words + (root ? " [GLOBAL FLAGS]" : "") + " COMMAND [OPTIONS] [ARGUMENT…]");
        Set<String> sections = rows.stream().map(Row::section).collect(Collectors.toCollection(LinkedHashSet::new));
        for (String section : sections) {
            page.section(section.isEmpty() ? "Commands" : section);
            rows.stream()
                    .filter(r -> r.section().equals(section))
                    .forEach(r -> page.entry(String.join(", ", r.names()), r.summary()));
        }
        if (root) {
            globalFlags(page);
        }
        page.end("More about a command: " + words + " COMMAND --help");
    }

    private static void globalFlags(PageWriter page) {
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
                        + " then the files.");
    }

    private static void options(CommandSpec spec, PageWriter page) {
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
                page.section(heading);
                visible.forEach(o -> page.entry(flag(o), String.join(" ", o.description())));
            }
        });
    }

    private static String flag(OptionSpec o) {
        String names = String.join(", ", o.names());
        boolean value = o.arity().max() > 0;
        return names + (value ? " " + o.paramLabel() : "");
    }
}
