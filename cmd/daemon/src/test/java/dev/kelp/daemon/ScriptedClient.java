// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.UnixSockets;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The client's side of the protocol, a step at a time.
final class ScriptedClient implements AutoCloseable {
    static final String BUILD_ID = "build-1";

    private final Fd socket;

    ScriptedClient(Path path) throws ErrnoException {
        socket = UnixSockets.connect(path.toString(), UnixSockets.Type.STREAM);
    }

    /// A request whose three streams are terminals.
    void request(String... arguments) throws ErrnoException {
        request(BUILD_ID, 7, List.of(), arguments);
    }

    /// @param terminals bits as in the protocol; `streams` are those that are none
    void request(String buildId, int terminals, List<Fd> streams, String... arguments) throws ErrnoException {
        Payload p = Payload.writer()
                .string(buildId)
                .u8(terminals)
                .u8(0)
                .u8(24)
                .u8(0)
                .u8(80)
                .u8(0)
                .i32(022)
                .string("kelp")
                .strings(List.of(arguments))
                .strings(List.of("A=1", "B=x=y"));
        try (Fd directory = Inodes.open("/", Inodes.O_PATH | Inodes.O_DIRECTORY)) {
            List<Fd> fds = new ArrayList<>(List.of(directory));
            fds.addAll(streams);
            send(Frame.REQUEST, p.toBytes(), fds);
        }
    }

    void send(int type, byte[] payload, List<Fd> fds) throws ErrnoException {
        Frame.write(socket, type, payload, fds);
    }

    void raw(byte[] bytes) throws ErrnoException {
        UnixSockets.send(socket, bytes, List.of());
    }

    void reply(int id, int result, byte[] rest, List<Fd> fds) throws ErrnoException {
        byte[] head = Payload.writer().i32(id).i32(result).toBytes();
        byte[] all = java.util.Arrays.copyOf(head, head.length + rest.length);
        System.arraycopy(rest, 0, all, head.length, rest.length);
        send(Frame.REPLY, all, fds);
    }

    /// The next frame, which must be of that type.
    Frame expect(int type) throws IOException {
        Frame f = Frame.read(socket).orElseThrow(() -> new IOException("the server hung up"));
        if (f.type() != type) {
            throw new IOException("expected " + type + ", got " + f.type() + ": " + text(f));
        }
        return f;
    }

    boolean hungUp() throws IOException {
        return Frame.read(socket).isEmpty();
    }

    int exit() throws IOException {
        return Payload.of(expect(Frame.EXIT).payload()).i32();
    }

    static String text(Frame f) {
        return new String(f.payload(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        socket.close();
    }
}
