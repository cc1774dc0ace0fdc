// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerLog;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tells a command that could not be executed (a file of another architecture, a script whose interpreter is missing)
/// from one that ended with code 1. The kernel refuses it when the container's first process is about to become it: the
/// OCI runtime has long said that the container is made, and all that process can do is to write the reason to its
/// standard error and end with 1. So that line, as all the output there is, is what tells.
final class CommandFailure {
    /// The code such a process ends with.
    static final int RUNTIME_CODE = 1;

    /// crun's words, runc's words.
    private static final Pattern SAID =
            Pattern.compile("exec (?:container process (?:\\([^)]*\\) )?`(.*)`|(/.*)): ([A-Za-z ]+)\\s*");

    private static final CompletableFuture<Void> NOW = CompletableFuture.completedFuture(null);

    private CommandFailure() {}

    /// Docker's code for the failure, 126 or 127.
    ///
    /// @param command the first word of the command line
    static OptionalInt code(Path log, Instant started, String command) {
        List<String> output = new ArrayList<>();
        try {
            new ContainerLog(log).replay(new ContainerLog.Options(false, 2, started, null, true, true), NOW, NOW, e -> {
                output.add(new String(e.data(), StandardCharsets.UTF_8));
                return output.size() < 2;
            });
        } catch (KelpException e) {
            return OptionalInt.empty();
        }
        return output.size() == 1 ? code(output.getFirst(), command) : OptionalInt.empty();
    }

    static OptionalInt code(String line, String command) {
        Matcher m = SAID.matcher(line);
        if (!m.matches()) {
            return OptionalInt.empty();
        }
        String program = m.group(1) != null ? m.group(1) : m.group(2);
        if (!name(program).equals(name(command))) {
            return OptionalInt.empty();
        }
        return switch (m.group(3).strip().toLowerCase(Locale.ROOT)) {
            case "exec format error", "permission denied", "is a directory", "operation not permitted" ->
                OptionalInt.of(126);
            case "no such file or directory" -> OptionalInt.of(127);
            default -> OptionalInt.empty();
        };
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
