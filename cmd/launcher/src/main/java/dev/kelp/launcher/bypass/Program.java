// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// What `bypass4netns` and `bypass4netnsd` have in common: their surroundings, and that they end by a signal.
///
/// @param words the program's own name first
public record Program(
        List<String> words, Map<String, String> variables, Path folder, PrintStream out, PrintStream err) {
    static final String VERSION = "0.4.2+kelp";

    static final String CONNECTS = "handle-c2c-connections";

    private static final String TRACER = "tracer";
    private static final String MULTINODE = "multinode";

    static final List<Flags.Known> SHARED = List.of(
            new Flags.Known("socket", "string", "the socket to listen on"),
            new Flags.Known("com-socket", "string", "where bypass4netnsd is told of what other processes serve"),
            new Flags.Known("pid-file", "string", "a file for the process id"),
            new Flags.Known("log-file", "string", "a file for what standard error gets, too"),
            new Flags.Known(CONNECTS, "", "connect containers with each other's published ports on the host"),
            new Flags.Known(TRACER, "", "always so: containers are connected only where they share a network"),
            new Flags.Known(MULTINODE, "", "refused: containers of other machines are not found"),
            new Flags.Known("multinode-etcd-address", "string", "for --multinode"),
            new Flags.Known("multinode-host-address", "string", "for --multinode"),
            new Flags.Known("debug", "", "say more"),
            new Flags.Known("version", "", "print the version"),
            new Flags.Known("help", "", "print this"));

    public Program {
        words = List.copyOf(words);
        variables = Map.copyOf(variables);
    }

    /// Keeps a process going.
    public interface Life {
        /// Returns at the end, or not at all where a signal came.
        ///
        /// @param cleaning done before the process ends, however that comes about
        /// @param end completed when it is to end by itself
        void last(Runnable cleaning, CompletableFuture<Void> end);
    }

    /// @return the exit code, when it ends by itself
    public int run(Life life) {
        boolean daemon = words.getFirst().endsWith("d");
        Journal journal = Journal.to(err, false);
        try {
            return daemon ? BypassDaemon.run(this, life) : BypassCommand.run(this, life);
        } catch (KelpException e) {
            journal.fatal(e);
            return 1;
        }
    }

    /// Answers `--help` and `--version`, and refuses what is not there.
    ///
    /// @return whether that was all
    boolean isAnswered(Flags flags, String name) {
        if (flags.on("version")) {
            out.println(name + " version " + VERSION);
        } else if (flags.on("help")) {
            out.println(flags.help());
        } else if (flags.on(TRACER) && !flags.on(CONNECTS)) {
            throw KelpException.invalid("--tracer: --" + CONNECTS + " is not enabled");
        } else if (flags.on(MULTINODE)) {
            throw KelpException.invalid("--multinode is not supported: Kelp knows the containers of one machine");
        } else {
            return false;
        }
        out.flush();
        return true;
    }

    /// A file of the folder for sockets.
    Path runtimeFile(String name) {
        String root = variables.getOrDefault("XDG_RUNTIME_DIR", "");
        if (root.isEmpty()) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "$XDG_RUNTIME_DIR needs to be set");
        }
        return folder.resolve(root).resolve(name);
    }

    /// Writes an id, where a file was named.
    Path writePid(String file, long pid) {
        Path path = folder.resolve(file);
        if (!file.isEmpty()) {
            try {
                Files.writeString(path, Long.toString(pid));
            } catch (IOException e) {
                throw new KelpException(ErrorKind.INVALID_ARGUMENT, "cannot write pid file " + path + ": " + e, e);
            }
        }
        return path;
    }

    static void remove(Path file, Journal journal) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            journal.warn("remove " + file + ": " + e);
        }
    }
}
