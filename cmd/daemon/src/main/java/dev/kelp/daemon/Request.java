// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Fd;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A REQUEST frame. Owns the descriptors.
///
/// @param umask the client's
/// @param stdin empty when it is a terminal or closed; the same for the other two, which are never closed
record Request(
        String buildId,
        Terminals terminals,
        boolean hostRoot,
        int rows,
        int columns,
        int umask,
        String programName,
        List<String> arguments,
        Map<String, String> variables,
        Fd workingDirectory,
        Optional<Fd> stdin,
        Optional<Fd> stdout,
        Optional<Fd> stderr) {
    /// Which of the three standard streams are terminals.
    record Terminals(boolean stdin, boolean stdout, boolean stderr) {}

    /// Parses; on failure the frame's descriptors are closed.
    static Request parse(Frame frame) throws ProtocolException {
        try {
            return read(new PayloadReader(frame.payload()), new ArrayDeque<>(frame.descriptors()));
        } catch (ProtocolException e) {
            frame.close();
            throw e;
        }
    }

    private static Request read(PayloadReader in, Deque<Fd> fds) throws ProtocolException {
        String buildId = in.string();
        int tty = in.u8();
        int other = in.u8();
        Terminals terminals = new Terminals((tty & 1) != 0, (tty & 2) != 0, (tty & 4) != 0);
        int rows = in.u16();
        int columns = in.u16();
        int umask = in.i32();
        String name = in.string();
        List<String> arguments = in.strings();
        Map<String, String> variables = new LinkedHashMap<>();
        for (String v : in.strings()) {
            int equals = v.indexOf('=');
            if (equals > 0) {
                variables.putIfAbsent(v.substring(0, equals), v.substring(equals + 1));
            }
        }
        in.end();
        boolean stdinClosed = (other & 2) != 0;
        int expected = 1 + (terminals.stdin || stdinClosed ? 0 : 1) + (terminals.stdout ? 0 : 1) + (terminals.stderr ? 0 : 1);
        if (fds.size() != expected) {
            throw new ProtocolException("the client sent " + fds.size() + " descriptors instead of " + expected);
        }
        return new Request(
                buildId,
                terminals,
                (other & 1) != 0,
                rows,
                columns,
                umask & 0777,
                name,
                List.copyOf(arguments),
                variables,
                fds.removeFirst(),
                terminals.stdin || stdinClosed ? Optional.empty() : Optional.of(fds.removeFirst()),
                terminals.stdout ? Optional.empty() : Optional.of(fds.removeFirst()),
                terminals.stderr ? Optional.empty() : Optional.of(fds.removeFirst()));
    }

    void close() {
        workingDirectory.close();
        stdin.ifPresent(Fd::close);
        stdout.ifPresent(Fd::close);
        stderr.ifPresent(Fd::close);
    }
}
