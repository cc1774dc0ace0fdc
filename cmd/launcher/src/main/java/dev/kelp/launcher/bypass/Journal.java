// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/// Lines of a log as logrus writes them, to standard error and a file.
final class Journal implements AutoCloseable {
    private final List<PrintStream> out;
    private final List<PrintStream> own;
    private final boolean debugging;
    private final boolean telling;

    private Journal(List<PrintStream> out, List<PrintStream> own, boolean debugging, boolean telling) {
        this.out = List.copyOf(out);
        this.own = List.copyOf(own);
        this.debugging = debugging;
        this.telling = telling;
    }

    static Journal to(PrintStream stream, boolean debugging) {
        return new Journal(List.of(stream), List.of(), debugging, debugging);
    }

    /// The same, with a line for each connection, debugging or not.
    Journal tellingConnections() {
        return new Journal(out, own, debugging, true);
    }

    /// The same, written to a file too, which is emptied; an empty name is no file.
    Journal and(String file, Path folder) {
        if (file.isEmpty()) {
            return new Journal(out, List.of(), debugging, telling);
        }
        Path path = folder.resolve(file);
        try {
            Files.newOutputStream(path).close();
            // one that ends may have the same file
            PrintStream stream = new PrintStream(
                    Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                    true,
                    StandardCharsets.UTF_8);
            List<PrintStream> all = new ArrayList<>(out);
            all.add(stream);
            return new Journal(all, List.of(stream), debugging, telling);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "cannot write log file " + path + ": " + e, e);
        }
    }

    void info(String message) {
        write("info", message);
    }

    void warn(String message) {
        write("warning", message);
    }

    void debug(String message) {
        if (debugging) {
            write("debug", message);
        }
    }

    /// Whether [#connection] writes anything: a line takes longer to make than to leave out.
    boolean tellsConnections() {
        return telling;
    }

    void connection(String message) {
        if (telling) {
            write("info", message);
        }
    }

    void fatal(KelpException e) {
        write("fatal", e.getMessage() + e.hint().map(h -> "; " + h).orElse(""));
    }

    private synchronized void write(String level, String message) {
        String quoted = message.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
        String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        for (PrintStream stream : out) {
            stream.println("time=\"" + time + "\" level=" + level + " msg=\"" + quoted + "\"");
        }
    }

    /// Closes the file.
    @Override
    public void close() {
        own.forEach(PrintStream::close);
    }
}
