// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.shell.Shell;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.engine.Containers.ExecSession;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A client at the other end of a [Connection].
final class SocketClientContext implements ClientContext, Connection.Events {
    private static final int BUFFER_BYTES = 8 << 10;
    private static final int BIND_RECURSIVE = 1;
    private static final int BIND_MAP_IDS = 2;
    private static final int SIGNALLED = 128;
    private static final int ATTACH_CONMON = 0;
    private static final int ATTACH_PTY = 1;
    private static final int ATTACH_PIPES = 2;

    private final Connection connection;
    private final Request request;
    private final Thread command = Thread.currentThread();
    private final PrintStream out;
    private final PrintStream err;
    private final CompletableFuture<AttachEnd> attachEnd = new CompletableFuture<>();
    private volatile int rows;
    private volatile int columns;
    private volatile boolean attached;
    private volatile boolean finished;
    private volatile int interruptedBy;
    private volatile @Nullable IntConsumer signalHandler;
    private volatile Runnable told = () -> {};

    SocketClientContext(Connection connection, Request request) {
        this.connection = connection;
        this.request = request;
        rows = request.rows();
        columns = request.columns();
        out = stream(request.output(), Frame.OUT);
        err = stream(request.error(), Frame.ERR);
    }

    private PrintStream stream(Optional<Fd> descriptor, int frameType) {
        OutputStream raw = descriptor.isPresent() ? ClientStreams.output(descriptor.get()) : new FrameOutput(frameType);
        return new PrintStream(new BufferedOutputStream(raw, BUFFER_BYTES), false, StandardCharsets.UTF_8);
    }

    /// Output to a terminal travels as frames: the terminal stays with the client.
    private final class FrameOutput extends OutputStream {
        private final int type;

        FrameOutput(int type) {
            this.type = type;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int offset, int length) {
            connection.send(type, Arrays.copyOfRange(b, offset, offset + length), List.of());
        }
    }

    /// The exit code was sent, or the client is gone.
    void told() {
        told.run();
    }

    void flush() {
        out.flush();
        err.flush();
    }

    @Override
    public String programName() {
        return request.programName();
    }

    @Override
    public boolean isLedHere() {
        return request.ledHere();
    }

    @Override
    public List<String> arguments() {
        return request.arguments();
    }

    @Override
    public PrintStream out() {
        return out;
    }

    @Override
    public PrintStream err() {
        return err;
    }

    @Override
    public Optional<InputStream> in() {
        return request.input().map(ClientStreams::input);
    }

    @Override
    public boolean inputIsTerminal() {
        return request.isTerminal(Request.TERMINAL_IN);
    }

    @Override
    public boolean outputIsTerminal() {
        return request.isTerminal(Request.TERMINAL_OUT);
    }

    @Override
    public boolean errorIsTerminal() {
        return request.isTerminal(Request.TERMINAL_ERR);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public int umask() {
        return request.umask();
    }

    @Override
    public Map<String, String> variables() {
        return request.variables();
    }

    @Override
    public String workingDirectory() {
        try {
            return Inodes.readlink(Fd.CWD, request.directory().procPath());
        } catch (ErrnoException e) {
            return "";
        }
    }

    @Override
    public Optional<String> prompt(String text, boolean echo) {
        flush();
        int id = connection.newId();
        Payload q = Payload.writer().i32(id).u8(echo ? 1 : 0).string(text);
        try (Frame answer = connection.ask(Frame.PROMPT, id, q)) {
            Payload p = answered(answer);
            int result = p.i32();
            if (result == -Errno.EINTR) {
                // the answer may come before the signal has reached this thread
                throw new KelpException(ErrorKind.CANCELLED, "interrupted at a question");
            }
            return result < 0 ? Optional.empty() : Optional.of(new String(p.rest(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    @Override
    public Fd open(String path, int flags, int mode) {
        int id = connection.newId();
        Payload q = Payload.writer().i32(id).i32(flags).i32(mode).string(path);
        return descriptor(connection.ask(Frame.OPEN, id, q), "open", path);
    }

    @Override
    public Fd cloneMount(String path, boolean recursive, Fd userNamespace) {
        int id = connection.newId();
        Payload q = Payload.writer()
                .i32(id)
                .i32(BIND_MAP_IDS | (recursive ? BIND_RECURSIVE : 0))
                .string(path);
        return descriptor(connection.ask(Frame.BIND, id, q, List.of(userNamespace)), "bind", path);
    }

    /// The one descriptor an answer must bring.
    private static Fd descriptor(Frame answer, String what, String path) {
        try {
            check(answer, what, path);
            if (answer.descriptors().size() != 1) {
                throw new IOException("no descriptor came for `" + path + "`");
            }
            return answer.descriptors().getFirst();
        } catch (IOException e) {
            answer.close();
            throw malformed(e);
        } catch (KelpException e) {
            answer.close();
            throw e;
        }
    }

    @Override
    public void makeDirectories(String path, int mode) {
        int id = connection.newId();
        question(Frame.MKDIR, id, Payload.writer().i32(id).i32(mode).string(path), "make directory", path);
    }

    private void question(int type, int id, Payload payload, String what, String path) {
        try (Frame answer = connection.ask(type, id, payload)) {
            check(answer, what, path);
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    private static Payload answered(Frame answer) throws IOException {
        Payload p = Payload.of(answer.payload());
        p.i32();
        return p;
    }

    private static void check(Frame answer, String what, String path) throws IOException {
        int result = answered(answer).i32();
        if (result < 0) {
            throw new ErrnoException(what, -result, path).toKelp("cannot " + what);
        }
    }

    private static KelpException malformed(IOException e) {
        return e instanceof ErrnoException errno
                ? errno.toKelp("cannot use a file of the client")
                : new KelpException(ErrorKind.INTERNAL, "the client gave a wrong answer: " + e.getMessage(), e);
    }

    /// Looked up from here: whatever is mounted on the host is mounted here, too, and what is not the user's to see
    /// here
    /// (host root's folders) is asked of the client.
    @Override
    public boolean mayExist(String path) {
        if (!path.startsWith("/")) {
            return true;
        }
        try {
            Inodes.stat(Fd.CWD, path, 0);
            return true;
        } catch (ErrnoException e) {
            return !e.is(Errno.ENOENT);
        }
    }

    @Override
    public Optional<byte[]> readFile(String path, int bytesMax) {
        try (Fd fd = open(path, Inodes.O_RDONLY | Inodes.O_NOCTTY, 0);
                InputStream in = ClientStreams.input(fd)) {
            byte[] content = in.readNBytes(bytesMax + 1);
            if (content.length > bytesMax) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, "`" + path + "` is larger than " + bytesMax + " bytes");
            }
            return Optional.of(content);
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read `" + path + "`: " + e.getMessage(), e);
        }
    }

    @Override
    public void writeFile(String path, byte[] content, int mode) {
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            makeDirectories(path.substring(0, slash), 0700);
        }
        String temporary = path + ".kelp-" + ProcessHandle.current().pid() + "-"
                + Thread.currentThread().threadId();
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC | Inodes.O_NOFOLLOW;
        try (Fd fd = open(temporary, flags, mode)) {
            Pipes.writeAll(fd, content, 0, content.length);
            Inodes.fsync(fd);
        } catch (ErrnoException e) {
            throw e.toKelp("cannot write `" + path + "`");
        }
        int id = connection.newId();
        question(Frame.RENAME, id, Payload.writer().i32(id).string(temporary).string(path), "rename", path);
    }

    @Override
    public HelperResult runHelper(List<String> words, byte[] stdin) {
        flush();
        int id = connection.newId();
        Payload q = Payload.writer().i32(id).strings(words).bytes(stdin);
        try (Frame answer = connection.ask(Frame.RUN, id, q)) {
            Payload p = answered(answer);
            int code = p.i32();
            return new HelperResult(code < 0 ? (code == -Errno.ENOENT ? 127 : 126) : code, p.rest());
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    @Override
    public void warn(String sentence) {
        err.append(programName()).append(": warning: ").append(sentence).append('\n');
        err.flush();
    }

    @Override
    public void onSignal(IntConsumer handler) {
        signalHandler = handler;
    }

    @Override
    public void attach(Attachment attachment, AttachMode mode) {
        List<Fd> fds = new ArrayList<>(List.of(attachment.stream()));
        attachment.control().ifPresent(fds::add);
        handOver(ATTACH_CONMON, attachment.terminal(), mode, fds);
    }

    @Override
    public void attach(ExecSession session, AttachMode mode) {
        told = session.told();
        List<Fd> fds = new ArrayList<>();
        session.terminal().ifPresent(fds::add);
        if (fds.isEmpty()) {
            if (mode.stdin()) {
                session.stdin().ifPresent(fds::add);
            } else {
                session.stdin().ifPresent(Fd::close);
            }
            session.stdout().ifPresent(fds::add);
            session.stderr().ifPresent(fds::add);
        }
        handOver(
                session.terminal().isPresent() ? ATTACH_PTY : ATTACH_PIPES,
                session.terminal().isPresent(),
                mode,
                fds);
    }

    /// The descriptors are closed here whatever happens: the client has its own copies.
    private void handOver(int kind, boolean terminal, AttachMode mode, List<Fd> fds) {
        int flags = (terminal && mode.stdin() && inputIsTerminal() ? 1 : 0)
                | (mode.stdin() ? 2 : 0)
                | (mode.signals() ? 4 : 0)
                | switch (mode.output()) {
                    case NONE -> 0;
                    case BOTH -> 8;
                    case STDOUT -> 8 | 32;
                    case STDERR -> 8 | 16;
                };
        try {
            flush();
            Payload p = Payload.writer()
                    .u8(kind)
                    .u8(flags)
                    .bytes(DetachKeys.parse(mode.detachKeys()))
                    .string(mode.token());
            attached = true;
            connection.send(Frame.ATTACH, p.toBytes(), fds);
        } finally {
            fds.forEach(Fd::close);
        }
    }

    @Override
    public CompletableFuture<AttachEnd> attachEnd() {
        return attachEnd;
    }

    @Override
    public void signal(int number) {
        IntConsumer handler = signalHandler;
        if (handler != null) {
            handler.accept(number);
        } else {
            interrupt(number);
        }
    }

    /// What the command's exit code is to be when a signal of the user's cut it short: 128 + its number, as if it
    /// had
    /// ended the process; otherwise `code`.
    int exitCode(int code) {
        int signal = interruptedBy;
        return code == Shell.EXIT_INTERRUPTED && signal > 0 ? SIGNALLED + signal : code;
    }

    @Override
    public void windowSize(int newRows, int newColumns) {
        rows = newRows;
        columns = newColumns;
    }

    @Override
    public void detached() {
        attachEnd.complete(AttachEnd.DETACHED);
    }

    @Override
    public void streamEnded() {
        attachEnd.complete(AttachEnd.STREAM_ENDED);
    }

    @Override
    public void gone() {
        attachEnd.complete(AttachEnd.CLIENT_GONE);
        if (!attached) {
            interrupt(0);
        }
    }

    /// Under the lock of [#finish]: the thread goes back to a pool, and an interruption that came late would meet
    /// somebody else's command.
    private synchronized void interrupt(int signal) {
        if (!finished) {
            if (signal != 0) {
                interruptedBy = signal;
            }
            command.interrupt();
        }
    }

    /// The command is over: nothing interrupts its thread from now on.
    synchronized void finish() {
        finished = true;
    }

    /// What a terminal's client shall read on standard error in a RESUME, before it has a context.
    static byte[] line(String text) {
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        b.writeBytes((text + "\n").getBytes(StandardCharsets.UTF_8));
        return b.toByteArray();
    }
}
