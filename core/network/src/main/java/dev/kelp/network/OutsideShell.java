// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/// A shell that the native program left outside of the user namespace (`native/PROTOCOL.md`, section 5). It ends with
/// the last descriptor of its input.
public final class OutsideShell implements LxcUserNic.Outside, AutoCloseable {
    private static final int OUTPUT_BYTES_MAX = 64 << 10;

    private final Fd socket;

    /// @param socket its input and output; this object's
    public OutsideShell(Fd socket) {
        this.socket = socket;
    }

    @Override
    public void run(List<String> argv) {
        String name = Path.of(argv.getFirst()).getFileName().toString();
        // what an earlier daemon asked for may be answered yet
        String mark = UUID.randomUUID().toString();
        String command = argv.stream().map(OutsideShell::quoted).collect(Collectors.joining(" "));
        String line = "echo " + mark + "; " + command + " 2>&1 </dev/null; echo " + mark + "$?\n";
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        try (InputStream answers = Pipes.input(socket.duplicate())) {
            Pipes.writeAll(socket, bytes, 0, bytes.length);
            String[] parts = answer(answers, mark);
            String said = parts[1].strip();
            if (!parts[2].strip().equals("0")) {
                throw new KelpException(ErrorKind.UNAVAILABLE, name + ": " + (said.isEmpty() ? "it failed" : said));
            }
        } catch (ErrnoException e) {
            throw e.toKelp("run " + name);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "run " + name + ": " + e.getMessage(), e);
        }
    }

    /// What came before the mark, what the program said, and its exit code.
    private static String[] answer(InputStream answers, String mark) throws IOException {
        StringBuilder all = new StringBuilder();
        String[] parts = new String[0];
        while (parts.length < 3 || !parts[2].endsWith("\n")) {
            int c = answers.read();
            if (c < 0 || all.length() >= OUTPUT_BYTES_MAX) {
                throw new IOException("the shell outside of the namespaces is gone");
            }
            all.append((char) c);
            if (c == '\n') {
                parts = all.toString().split(mark, 3);
            }
        }
        return parts;
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    @Override
    public void close() {
        socket.close();
    }
}
