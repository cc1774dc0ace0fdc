// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.LxcUserNic;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// The shell that the native launcher left outside of the user namespace (`native/PROTOCOL.md`, section 5). It runs one
/// command.
final class OutsideShell implements LxcUserNic.Outside {
    private static final int DESCRIPTOR = 4;
    private static final int OUTPUT_BYTES_MAX = 64 << 10;
    private static final String DONE = "kelp:done";

    private final Fd socket;

    /// @param socket its input and output; this object's
    OutsideShell(Fd socket) {
        this.socket = socket;
    }

    static OutsideShell inherited() {
        return new OutsideShell(Fd.own(DESCRIPTOR));
    }

    @Override
    public void run(List<String> argv) {
        String name = Path.of(argv.getFirst()).getFileName().toString();
        String line = argv.stream().map(OutsideShell::quoted).collect(Collectors.joining(" ", "", " 2>&1 </dev/null"))
                + " && echo " + DONE + "\nexit\n";
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        try (socket;
                InputStream answers = Pipes.input(socket.duplicate())) {
            Pipes.writeAll(socket, bytes, 0, bytes.length);
            String said = new String(answers.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8).strip();
            if (!said.endsWith(DONE)) {
                throw new KelpException(ErrorKind.UNAVAILABLE, name + ": " + (said.isEmpty() ? "it failed" : said))
                        .withHint(
                                "/etc/lxc/lxc-usernet must have a line for you, as root: echo \"$USER veth lxcbr0 10\""
                                        + " >>/etc/lxc/lxc-usernet");
            }
        } catch (ErrnoException e) {
            throw e.toKelp("run " + name);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "run " + name + ": " + e.getMessage(), e);
        }
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
