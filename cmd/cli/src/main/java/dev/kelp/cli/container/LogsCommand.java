// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Timestamps;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Containers.LogEntry;
import dev.kelp.engine.Containers.LogOptions;
import dev.kelp.engine.Containers.LogSink;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "logs",
        customSynopsis = "[OPTIONS] CONTAINER",
        description =
                "Prints what a container has written: its standard output here to standard output, its error output"
                        + " to error output.",
        footer = {"kelp logs -f --tail 20 web", "kelp logs --since 10m -t web"})
public final class LogsCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--follow"},
            description = "go on with what comes")
    boolean follow;

    @Option(
            names = {"-n", "--tail"},
            paramLabel = "LINES",
            description = "begin with the last lines (default: all)")
    String tail = "all";

    @Option(names = "--since", paramLabel = "TIME", description = "leave out what is older: 10m, 2006-01-02T15:04:05 …")
    @Nullable
    String since;

    @Option(names = "--until", paramLabel = "TIME", description = "leave out what is newer")
    @Nullable
    String until;

    @Option(
            names = {"-t", "--timestamps"},
            description = "begin each line with its time")
    boolean timestamps;

    @Option(names = "--details", description = "begin each line with what --log-opt labels= and env= name")
    boolean details;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..1", paramLabel = "CONTAINER")
    @Nullable
    String named;

    @Override
    public int run(Invocation call) {
        String name = latest.or(call, named);
        boolean joined = !timestamps && !details;
        LogOptions options =
                new LogOptions(follow, tailLines(), time(call, since), time(call, until), true, true, joined);
        ContainerDetail container = call.containers().inspect(name);
        if (container.spec().logging().driver().equals("none")) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, "configured logging driver does not support reading: it is none");
        }
        String extra = details ? LogDetails.of(container) : "";
        call.containers().logs(container.summary().id(), options, new Printer(call, extra));
        return 0;
    }

    private int tailLines() {
        if (tail.equals("all") || tail.equals("-1")) {
            return -1;
        }
        if (!tail.matches("[0-9]{1,9}")) {
            throw KelpException.invalid("invalid --tail `" + tail + "`: expected a number or all");
        }
        return Integer.parseInt(tail);
    }

    private static @Nullable Instant time(Invocation call, @Nullable String text) {
        return text == null ? null : Timestamps.parse(text, call.now(), call.zone());
    }

    /// Prints entries; a time goes before each line, not before each piece of one.
    private final class Printer implements LogSink {
        private final Invocation call;
        private final boolean[] midLine = new boolean[2];
        private final byte[] extra;
        private boolean lastWasError;

        /// @param extra goes before each line, behind its time
        Printer(Invocation call, String extra) {
            this.call = call;
            this.extra = extra.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public boolean entry(LogEntry e) {
            PrintStream out = e.stderr() ? call.err() : call.out();
            if (e.stderr() != lastWasError) {
                // both may go to one terminal: keep the order in which the container wrote
                (lastWasError ? call.err() : call.out()).flush();
                lastWasError = e.stderr();
            }
            if (timestamps || extra.length > 0) {
                timed(out, e);
            } else {
                out.write(e.data(), 0, e.data().length);
            }
            if (follow) {
                out.flush();
            }
            return !Thread.currentThread().isInterrupted();
        }

        private void timed(PrintStream out, LogEntry e) {
            byte[] time = timestamps
                    ? (Timestamps.rfc3339Nano(e.time()) + " ").getBytes(StandardCharsets.US_ASCII)
                    : new byte[0];
            int stream = e.stderr() ? 1 : 0;
            int start = 0;
            while (start < e.data().length) {
                int end = start;
                while (end < e.data().length && e.data()[end] != '\n') {
                    end++;
                }
                boolean whole = end < e.data().length;
                end += whole ? 1 : 0;
                if (!midLine[stream]) {
                    out.write(time, 0, time.length);
                    out.write(extra, 0, extra.length);
                }
                out.write(e.data(), start, end - start);
                midLine[stream] = !whole;
                start = end;
            }
        }
    }
}
