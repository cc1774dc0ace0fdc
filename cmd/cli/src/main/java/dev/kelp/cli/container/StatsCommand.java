// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Listing;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Containers.Usage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "stats",
        customSynopsis = "[OPTIONS] [CONTAINER…]",
        description = {
            "Shows what running containers use, anew every second until you press ctrl-c.",
            "Without a cgroup of theirs the figures are added up over the processes that live; -- is what cannot be"
                    + " known."
        },
        footer = {"kelp stats", "kelp stats --no-stream --format '{{.Name}}: {{.CPUPerc}}'"})
public final class StatsCommand extends KelpCommand {
    private static final long PERIOD_MILLIS = 1000;

    /// Between the two looks of `--no-stream`.
    private static final long GLANCE_MILLIS = 300;

    private static final String HOME_AND_CLEAR = "\u001b[H\u001b[J";

    @Option(
            names = {"-a", "--all"},
            description = "also those that do not run")
    boolean all;

    @Option(names = "--no-stream", description = "once")
    boolean once;

    @Option(names = "--no-reset", description = "do not clear the screen")
    boolean noReset;

    @Option(names = "--no-trunc", description = "whole ids")
    boolean noTrunc;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        if (latest.isSet()) {
            names = latest.or(call, names);
        }
        Map<String, Usage> before = look(call, chosen(call));
        boolean noted = before.values().stream().allMatch(Usage::fromCgroup);
        if (!noted) {
            call.client().warn("no cgroup2 is delegated to you: the figures are those of the processes that live now");
        }
        while (true) {
            Thread.sleep(once ? GLANCE_MILLIS : PERIOD_MILLIS);
            List<ContainerSummary> chosen = chosen(call);
            Map<String, Usage> now = look(call, chosen);
            List<StatsRow> rows = rows(chosen, before, now);
            String text = render(rows);
            boolean screen = !once && !noReset && call.client().outputIsTerminal();
            call.out().append(screen ? HOME_AND_CLEAR + text : text);
            call.out().flush();
            if (once) {
                return 0;
            }
            before = now;
        }
    }

    private List<ContainerSummary> chosen(Invocation call) {
        Containers containers = call.containers();
        if (names.isEmpty()) {
            return containers.list(all);
        }
        return names.stream().map(n -> containers.inspect(n).summary()).toList();
    }

    private static Map<String, Usage> look(Invocation call, List<ContainerSummary> chosen) {
        return call.containers()
                .usage(chosen.stream()
                        .filter(c -> c.state().status() == Status.RUNNING
                                || c.state().status() == Status.PAUSED)
                        .map(ContainerSummary::id)
                        .toList());
    }

    private List<StatsRow> rows(List<ContainerSummary> chosen, Map<String, Usage> before, Map<String, Usage> now) {
        return chosen.stream()
                .map(c -> new StatsRow(
                        noTrunc ? c.id() : c.id().substring(0, Math.min(12, c.id().length())),
                        c.name(),
                        Optional.ofNullable(before.get(c.id())),
                        Optional.ofNullable(now.get(c.id()))))
                .toList();
    }

    private String render(List<StatsRow> rows) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            new Listing<StatsRow>()
                    .column("CONTAINER ID", "ID", StatsRow::id)
                    .column("NAME", "Name", StatsRow::name)
                    .column("CPU %", "CPUPerc", StatsRow::cpu)
                    .column("MEM USAGE / LIMIT", "MemUsage", StatsRow::memory)
                    .column("MEM %", "MemPerc", StatsRow::memoryPercent)
                    .column("NET I/O", "NetIO", StatsRow::network)
                    .column("BLOCK I/O", "BlockIO", StatsRow::block)
                    .column("PIDS", "PIDs", StatsRow::pids)
                    .field("Container", StatsRow::id)
                    .print(out, format, rows);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
