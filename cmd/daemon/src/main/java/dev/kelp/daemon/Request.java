// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Fd;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a client asks with its first frame. Owns the descriptors.
///
/// @param ledHere whether an address led it here
/// @param directory the client's working directory (O_PATH)
/// @param input, output, error its standard streams, those that are neither terminals nor closed
record Request(
        String buildId,
        int terminals,
        boolean ledHere,
        int rows,
        int columns,
        int umask,
        String programName,
        List<String> arguments,
        Map<String, String> variables,
        Fd directory,
        Optional<Fd> input,
        Optional<Fd> output,
        Optional<Fd> error)
        implements AutoCloseable {
    static final int TERMINAL_IN = 1;
    static final int TERMINAL_OUT = 2;
    static final int TERMINAL_ERR = 4;
    private static final int INPUT_CLOSED = 2;
    private static final int LED_HERE = 4;

    /// Parses a REQUEST frame, whose descriptors the request takes over.
    static Request parse(Frame frame) throws IOException {
        Payload p = Payload.of(frame.payload());
        String buildId = p.string();
        int terminals = p.u8();
        int flags = p.u8();
        int rows = p.u16();
        int columns = p.u16();
        int umask = p.i32();
        String program = p.string();
        List<String> arguments = p.strings();
        Map<String, String> variables = variables(p.strings());
        List<Fd> fds = frame.descriptors();
        boolean hasInput = (terminals & TERMINAL_IN) == 0 && (flags & INPUT_CLOSED) == 0;
        boolean hasOutput = (terminals & TERMINAL_OUT) == 0;
        boolean hasError = (terminals & TERMINAL_ERR) == 0;
        int expected = 1 + (hasInput ? 1 : 0) + (hasOutput ? 1 : 0) + (hasError ? 1 : 0);
        if (fds.size() != expected) {
            throw new IOException("a request came with " + fds.size() + " descriptors instead of " + expected);
        }
        int at = 1;
        Optional<Fd> input = hasInput ? Optional.of(fds.get(at++)) : Optional.empty();
        Optional<Fd> output = hasOutput ? Optional.of(fds.get(at++)) : Optional.empty();
        Optional<Fd> error = hasError ? Optional.of(fds.get(at)) : Optional.empty();
        return new Request(
                buildId,
                terminals,
                (flags & LED_HERE) != 0,
                rows,
                columns,
                umask,
                program,
                arguments,
                variables,
                fds.getFirst(),
                input,
                output,
                error);
    }

    private static Map<String, String> variables(List<String> lines) {
        Map<String, String> all = new LinkedHashMap<>();
        for (String line : lines) {
            int eq = line.indexOf('=');
            if (eq > 0) {
                all.put(line.substring(0, eq), line.substring(eq + 1));
            }
        }
        return Collections.unmodifiableMap(all);
    }

    boolean isTerminal(int bit) {
        return (terminals & bit) != 0;
    }

    @Override
    public void close() {
        directory.close();
        input.ifPresent(Fd::close);
        output.ifPresent(Fd::close);
        error.ifPresent(Fd::close);
    }
}
