// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.ClientContext.AttachEnd;
import dev.kelp.cli.ClientContext.AttachMode;
import dev.kelp.cli.DetachKeys;
import dev.kelp.cli.shell.Shell;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.Attachment;
import dev.kelp.engine.UserEnvironment.HelperResult;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ClientServerTest {
    interface Command {
        int run(ClientContext client) throws Exception;
    }

    private static final Duration PATIENCE = Duration.ofMillis(300);

    private Path folder;
    private Path path;
    private Fd listener;
    private ClientServer server;
    private volatile Command command;
    private final CompletableFuture<Integer> session = new CompletableFuture<>();

    @BeforeEach
    void serve() throws IOException {
        folder = Files.createTempDirectory(Path.of("/tmp"), "kelp-server-");
        path = folder.resolve("s");
        listener = UnixSockets.listen(path.toString(), UnixSockets.Type.STREAM, 64);
        ClientServer.Commands commands = new ClientServer.Commands() {
            @Override
            public int run(ClientContext client) {
                try {
                    return command.run(client);
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    return 99;
                }
            }

            @Override
            public Optional<Containers.Resumed> resume(String token) {
                return token.equals("known")
                        ? Optional.of(new Containers.Resumed(session, () -> {}))
                        : Optional.empty();
            }
        };
        server = new ClientServer(commands, ScriptedClient.BUILD_ID, ClientServer.owners(false), PATIENCE);
        Thread.ofPlatform().daemon().start(() -> {
            try {
                server.accept(listener);
            } catch (ErrnoException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        Files.delete(path);
        Files.delete(folder);
        // the accepting thread sleeps in the kernel: its descriptor ends with the JVM
    }

    @Test
    void outputToATerminalComesAsFrames() throws IOException {
        command = c -> {
            c.out().print(c.arguments() + " " + c.variables() + " " + c.rows() + "x" + c.columns() + " " + c.umask());
            c.out().flush();
            c.err().print(c.workingDirectory());
            return 7;
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("ps", "-a");
            assertThat(ScriptedClient.text(client.expect(Frame.OUT))).isEqualTo("[ps, -a] {A=1, B=x=y} 24x80 18");
            assertThat(ScriptedClient.text(client.expect(Frame.ERR))).isEqualTo("/");
            assertThat(client.exit()).isEqualTo(7);
            assertThat(client.hungUp()).isTrue();
        }
    }

    @Test
    void otherStreamsArePassed() throws IOException {
        command = c -> {
            c.out().write(c.in().orElseThrow().readAllBytes());
            return c.outputIsTerminal() || !c.errorIsTerminal() ? 1 : 0;
        };
        Fd[] in = Pipes.pipe();
        Fd[] out = Pipes.pipe();
        Pipes.writeAll(in[1], "hello".getBytes(StandardCharsets.UTF_8), 0, 5);
        in[1].close();
        try (ScriptedClient client = new ScriptedClient(path);
                InputStream output = Pipes.input(out[0])) {
            client.request(ScriptedClient.BUILD_ID, 4, List.of(in[0], out[1]));
            in[0].close();
            out[1].close();
            assertThat(client.exit()).isZero();
            assertThat(output.readAllBytes()).asString().isEqualTo("hello");
        }
    }

    @Test
    void aClosedPipeEndsTheCommandWith141() throws IOException {
        CompletableFuture<String> after = new CompletableFuture<>();
        command = c -> {
            for (int i = 0; i < 100_000; i++) {
                c.out().println("a line that is long enough to fill the buffer some time");
            }
            after.complete("went on");
            return 0;
        };
        Fd[] out = Pipes.pipe();
        out[0].close();
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request(ScriptedClient.BUILD_ID, 5, List.of(out[1]));
            out[1].close();
            assertThat(client.exit()).isEqualTo(141);
            assertThat(after).isNotDone();
        }
    }

    @Test
    void anotherBuildIsAskedToUpgrade() throws IOException {
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("another", 7, List.of());
            assertThat(client.expect(Frame.UPGRADE).payload()).isEmpty();
            assertThat(client.hungUp()).isTrue();
        }
    }

    @Test
    void aClientOfAnotherEngineIsSentThere() throws IOException {
        command = c -> {
            assertThat(c.isLedHere()).isFalse();
            c.err().print("a warning that is not this engine's to give");
            throw new ClientContext.ElsewhereException("/run/other/kelp.sock");
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("ps");
            assertThat(Payload.of(client.expect(Frame.ELSEWHERE).payload()).string())
                    .isEqualTo("/run/other/kelp.sock");
        }
    }

    @Test
    void theClientOpensFiles() throws IOException {
        command = c -> {
            try (Fd fd = c.open("some/file", Inodes.O_RDONLY, 0644)) {
                c.out().print(new String(Pipes.input(fd).readAllBytes(), StandardCharsets.UTF_8));
            }
            try {
                c.open("other", Inodes.O_RDONLY, 0);
                return 1;
            } catch (KelpException e) {
                return e.kind() == ErrorKind.PERMISSION_DENIED ? 0 : 2;
            }
        };
        try (ScriptedClient client = new ScriptedClient(path);
                Fd memory = Pipes.memory("test")) {
            Pipes.writeAll(memory, new byte[] {'o', 'k'}, 0, 2);
            Pipes.seek(memory, 0, 0);
            client.request("x");
            Payload open = Payload.of(client.expect(Frame.OPEN).payload());
            int id = open.i32();
            assertThat(open.i32()).isEqualTo(Inodes.O_RDONLY);
            assertThat(open.i32()).isEqualTo(0644);
            assertThat(open.string()).isEqualTo("some/file");
            client.reply(id, 0, new byte[0], List.of(memory));
            int second = Payload.of(client.expect(Frame.OPEN).payload()).i32();
            client.reply(second, -Errno.EACCES, new byte[0], List.of());
            assertThat(ScriptedClient.text(client.expect(Frame.OUT))).isEqualTo("ok");
            assertThat(client.exit()).isZero();
        }
    }

    @Test
    void promptsAndHelpers() throws IOException {
        command = c -> {
            String name = c.prompt("Name: ", true).orElse("none");
            Optional<String> nobody = c.prompt("Again: ", false);
            HelperResult r = c.runHelper(List.of("docker-credential-x", "get"), new byte[] {'s'});
            c.out().print(name + nobody + r.exitCode() + new String(r.output(), StandardCharsets.UTF_8));
            return 0;
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            Payload p = Payload.of(client.expect(Frame.PROMPT).payload());
            int id = p.i32();
            assertThat(p.u8()).isEqualTo(1);
            assertThat(p.string()).isEqualTo("Name: ");
            client.reply(id, 0, "me".getBytes(StandardCharsets.UTF_8), List.of());
            client.reply(
                    Payload.of(client.expect(Frame.PROMPT).payload()).i32(), -Errno.ENOTTY, new byte[0], List.of());
            Payload run = Payload.of(client.expect(Frame.RUN).payload());
            int runId = run.i32();
            assertThat(run.strings()).containsExactly("docker-credential-x", "get");
            assertThat(run.bytes()).asString().isEqualTo("s");
            client.reply(runId, 3, new byte[] {'!'}, List.of());
            assertThat(ScriptedClient.text(client.expect(Frame.OUT))).isEqualTo("meOptional.empty3!");
            assertThat(client.exit()).isZero();
        }
    }

    @Test
    void aSignalInterruptsOrGoesToTheHandler() throws IOException {
        command = c -> {
            CompletableFuture<Integer> got = new CompletableFuture<>();
            c.onSignal(got::complete);
            c.out().print("ready");
            c.out().flush();
            return got.get();
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            client.expect(Frame.OUT);
            client.send(Frame.SIGNAL, Payload.writer().i32(15).toBytes(), List.of());
            assertThat(client.exit()).isEqualTo(15);
        }
        command = c -> {
            try {
                new CountDownLatch(1).await();
                return 1;
            } catch (InterruptedException e) {
                return 42;
            }
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            client.send(Frame.SIGNAL, Payload.writer().i32(2).toBytes(), List.of());
            assertThat(client.exit()).isEqualTo(42);
        }
    }

    @Test
    void aClientThatGoesAwayInterruptsItsCommand() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        command = c -> {
            started.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return 0;
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            started.await();
        }
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void attachingHandsOverTheStream() throws Exception {
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
        command = c -> {
            c.attach(
                    new Attachment(pair[0], Optional.empty(), false),
                    new AttachMode(true, true, true, "ctrl-p,x", "token"));
            return c.attachEnd().get() == AttachEnd.DETACHED ? 0 : 1;
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            Frame attach = client.expect(Frame.ATTACH);
            Payload p = Payload.of(attach.payload());
            assertThat(p.u8()).isZero();
            assertThat(p.u8()).isEqualTo(2 | 4 | 8);
            assertThat(p.bytes()).containsExactly(16, 'x');
            assertThat(p.string()).isEqualTo("token");
            UnixSockets.send(pair[1], new byte[] {2, 'h'}, List.of());
            byte[] got = new byte[10];
            assertThat(UnixSockets.receive(attach.descriptors().getFirst(), got, 0, 10)
                            .bytes())
                    .isEqualTo(2);
            client.send(Frame.DETACHED, new byte[0], List.of());
            assertThat(client.exit()).isZero();
            attach.close();
        }
    }

    @Test
    void aCommandThatFailsInsideAnswersAllTheSame() throws IOException {
        command = c -> {
            throw new IllegalStateException("a bug");
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            assertThat(client.exit()).isEqualTo(125);
            assertThat(client.hungUp()).isTrue();
        }
    }

    @Test
    void aCommandCutShortByASignalExitsAsIfItHadEndedTheProcess() throws Exception {
        for (int signal : new int[] {2, 15}) {
            CountDownLatch started = new CountDownLatch(1);
            command = c -> {
                started.countDown();
                try {
                    new CountDownLatch(1).await();
                    return 1;
                } catch (InterruptedException e) {
                    return Shell.EXIT_INTERRUPTED;
                }
            };
            try (ScriptedClient client = new ScriptedClient(path)) {
                client.request("x");
                started.await();
                client.send(Frame.SIGNAL, Payload.writer().i32(signal).toBytes(), List.of());
                assertThat(client.exit()).isEqualTo(128 + signal);
            }
        }
    }

    @Test
    void aClientThatSaysNothingIsHungUpOn() throws IOException {
        try (ScriptedClient silent = new ScriptedClient(path);
                ScriptedClient slow = new ScriptedClient(path)) {
            slow.raw(new byte[] {1, 0, 0});
            assertThat(silent.hungUp()).isTrue();
            assertThat(slow.hungUp()).isTrue();
        }
    }

    @Test
    void aClientMayTakeItsTimeAfterItsRequest() throws Exception {
        command = c -> c.prompt("? ", true).map(String::length).orElse(-1);
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            int id = Payload.of(client.expect(Frame.PROMPT).payload()).i32();
            Thread.sleep(PATIENCE.multipliedBy(2));
            client.reply(id, 0, new byte[] {'a', 'b'}, List.of());
            assertThat(client.exit()).isEqualTo(2);
        }
    }

    @Test
    void aResumingClientThatGoesAwayIsForgotten() throws Exception {
        long before = descriptors();
        for (int i = 0; i < 20; i++) {
            ScriptedClient client = new ScriptedClient(path);
            client.send(Frame.RESUME, Payload.writer().string("known").toBytes(), List.of());
            client.close();
        }
        for (long end = System.nanoTime() + 10_000_000_000L; server.activeClients() > 0; ) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
        assertThat(session).isNotDone();
        assertThat(descriptors()).isLessThan(before + 10);
    }

    @Test
    void descriptorsNobodyAskedForAreClosed() throws Exception {
        command = c -> {
            CompletableFuture<Integer> got = new CompletableFuture<>();
            c.onSignal(got::complete);
            c.out().print("ready");
            c.out().flush();
            return got.get();
        };
        Fd[] pipe = Pipes.pipe();
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            client.expect(Frame.OUT);
            client.send(Frame.WINCH, new byte[] {1, 0, 1, 0}, List.of(pipe[1]));
            client.send(Frame.REPLY, Payload.writer().i32(77).i32(0).toBytes(), List.of(pipe[1]));
            pipe[1].close();
            // the end of the pipe comes when the last copy is closed, while the command still runs
            assertThat(Pipes.input(pipe[0]).read()).isEqualTo(-1);
            client.send(Frame.SIGNAL, Payload.writer().i32(3).toBytes(), List.of());
            assertThat(client.exit()).isEqualTo(3);
        }
        pipe[0].close();
    }

    @Test
    void wrongDetachKeysLeaveNoStreamOpen() throws Exception {
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
        command = c -> {
            try {
                c.attach(
                        new Attachment(pair[0], Optional.empty(), false),
                        new AttachMode(true, true, true, "ctrl-1", ""));
                return 1;
            } catch (KelpException e) {
                return pair[0].isOpen() ? 2 : 0;
            }
        };
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            assertThat(client.exit()).isZero();
        }
        pair[1].close();
    }

    @Test
    void resuming() throws IOException {
        try (ScriptedClient client = new ScriptedClient(path);
                ScriptedClient stranger = new ScriptedClient(path)) {
            client.send(Frame.RESUME, Payload.writer().string("known").toBytes(), List.of());
            session.complete(5);
            assertThat(client.exit()).isEqualTo(5);
            stranger.send(Frame.RESUME, Payload.writer().string("unknown").toBytes(), List.of());
            assertThat(ScriptedClient.text(stranger.expect(Frame.ERR))).startsWith("kelp: error: ");
            assertThat(stranger.exit()).isEqualTo(125);
        }
    }

    @Test
    void nonsenseEndsOnlyItsOwnConnection() throws IOException {
        byte[][] nonsense = {
            {-1, -1, -1, -1, 1, 0, 0, 0},
            {0, 0, 0, 127, 1, 0, 0, 0},
            {4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4},
            {0, 0, 0, 0, 1, 3, 0, 0},
            {0, 0, 0, 0, 99, 0, 0, 0},
        };
        for (byte[] bytes : nonsense) {
            try (ScriptedClient client = new ScriptedClient(path)) {
                client.raw(bytes);
                assertThat(client.hungUp()).isTrue();
            }
        }
        command = c -> 0;
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request("x");
            assertThat(client.exit()).isZero();
        }
    }

    @Test
    void manyClientsAtOnce() throws Exception {
        CountDownLatch all = new CountDownLatch(40);
        command = c -> {
            all.countDown();
            all.await();
            return Integer.parseInt(c.arguments().getFirst());
        };
        ScriptedClient[] clients = new ScriptedClient[40];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new ScriptedClient(path);
            clients[i].request(Integer.toString(i));
        }
        for (int i = 0; i < clients.length; i++) {
            assertThat(clients[i].exit()).isEqualTo(i);
            clients[i].close();
        }
    }

    @Test
    void noDescriptorsAreLeftOpen() throws Exception {
        command = c -> {
            c.out().print("x");
            return 0;
        };
        for (int i = 0; i < 20; i++) {
            once();
        }
        long before = descriptors();
        for (int i = 0; i < 200; i++) {
            once();
        }
        // a thread of the pool may still be closing the last connection
        assertThat(descriptors()).isLessThan(before + 10);
    }

    private void once() throws IOException {
        Fd[] out = Pipes.pipe();
        try (ScriptedClient client = new ScriptedClient(path)) {
            client.request(ScriptedClient.BUILD_ID, 5, List.of(out[1]));
            client.exit();
            client.hungUp();
        }
        out[0].close();
        out[1].close();
    }

    private static long descriptors() throws IOException {
        try (var list = Files.list(Path.of("/proc/self/fd"))) {
            return list.count();
        }
    }

    @Test
    void wrongDetachKeysAreRefused() {
        assertThatThrownBy(() -> DetachKeys.parse("ctrl-1")).isInstanceOf(KelpException.class);
        assertThat(DetachKeys.parse("")).isEmpty();
        assertThat(DetachKeys.parse("ctrl-@,a,ctrl-_")).containsExactly(0, 'a', 31);
    }
}
