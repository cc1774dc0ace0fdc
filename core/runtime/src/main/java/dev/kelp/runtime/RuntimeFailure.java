// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.util.Locale;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What an OCI runtime's message means. Neither crun nor runc has codes for its errors: the texts are all there is.
final class RuntimeFailure {
    private static final int MESSAGE_CHARS_MAX = 2000;
    private static final Pattern NOT_FOUND = Pattern.compile(
            "executable file .*not found|exec:? .*no such file or directory|stat .*no such file or directory: unknown");
    private static final Pattern NOT_EXECUTABLE =
            Pattern.compile("open executable: (permission denied|operation not permitted)"
                    + "|exec:? .*(permission denied|exec format error|is a directory)"
                    + "|exec(vp?e?)?: (permission denied|exec format error|is a directory)"
                    + "|executable .*permission denied");

    private RuntimeFailure() {}

    /// @param what what was tried
    /// @param output the runtime's error output: text, or JSON lines with `level` and `msg`
    static KelpException of(String what, String output) {
        String message = message(output);
        String lower = message.toLowerCase(Locale.ROOT);
        ErrorKind kind = ErrorKind.INTERNAL;
        if (NOT_FOUND.matcher(lower).find()) {
            kind = ErrorKind.COMMAND_NOT_FOUND;
        } else if (NOT_EXECUTABLE.matcher(lower).find()) {
            kind = ErrorKind.NOT_EXECUTABLE;
        } else if (lower.contains("does not exist") && lower.contains("container")) {
            kind = ErrorKind.NOT_FOUND;
        } else if (lower.contains("is not running") || lower.contains("is paused")) {
            kind = ErrorKind.FAILED_PRECONDITION;
        }
        return new KelpException(kind, what + ": " + message);
    }

    /// Docker's exit code for a command that could not be run.
    static int exitCode(KelpException e) {
        return switch (e.kind()) {
            case COMMAND_NOT_FOUND -> 127;
            case NOT_EXECUTABLE -> 126;
            default -> 125;
        };
    }

    /// The last error, in one line.
    static String message(String output) {
        String last = "";
        for (String line : output.lines().toList()) {
            String text = line.startsWith("{") ? jsonMessage(line) : line.strip();
            if (!text.isEmpty()) {
                last = text;
            }
        }
        String clean = last.replaceAll("\\p{Cntrl}", " ");
        return clean.length() <= MESSAGE_CHARS_MAX ? clean : clean.substring(0, MESSAGE_CHARS_MAX) + "…";
    }

    private static String jsonMessage(String line) {
        try {
            JsonNode node = OciJson.mapper().readTree(line);
            if (node.path("level").asString("error").equals("warning")) {
                return "";
            }
            return node.path("msg").asString(line).strip();
        } catch (JacksonException e) {
            return line.strip();
        }
    }
}
