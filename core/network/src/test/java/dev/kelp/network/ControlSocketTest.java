// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.Slirp4netnsControl.Forward;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ControlSocketTest {
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    private Path folder;

    private Path socket;
    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("control.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket), 1);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /// As a program does that was stopped by a signal: the kernel takes the connection.
    @Test
    void aProgramThatNeverAnswersIsGivenUp() {
        assertUnavailable(
                () -> new GvisorTapVsockControl(socket, SHORT).expose("tcp", "127.0.0.1:1", "10.0.0.1:2"),
                "ask gvproxy on " + socket + ": no answer within 200 ms");
        assertUnavailable(
                () -> new Slirp4netnsControl(socket, SHORT).remove(1),
                "ask slirp4netns on " + socket + ": no answer within 200 ms");
    }

    @Test
    void aProgramThatStopsWithinItsAnswerIsGivenUp() throws Exception {
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<SocketChannel> half = threads.submit(() -> {
                SocketChannel client = server.accept();
                Channels.newOutputStream(client).write("HTTP/1.0 200 OK\r\n".getBytes(US_ASCII));
                return client;
            });
            assertUnavailable(
                    () -> new GvisorTapVsockControl(socket, SHORT).unexpose("tcp", "127.0.0.1:1"), "no answer within");
            half.get().close();
        }
    }

    /// slirp4netns has room for one in its queue, and carries out what is there when it goes on.
    @Test
    void aPortThatIsOpenedAfterAllIsTakenBack() throws Exception {
        var control = new Slirp4netnsControl(socket, SHORT);
        assertUnavailable(() -> control.add(new Forward("tcp", "127.0.0.1", 8080, "10.0.2.100", 80)), "no answer");
        String entry = "{\"id\":%d,\"proto\":\"tcp\",\"host_addr\":\"127.0.0.1\",\"host_port\":%d}";
        String entries = "{\"entries\":[" + entry.formatted(7, 8080) + "," + entry.formatted(8, 8081) + "]}";
        List<String> questions = serveUntil("remove_hostfwd", q -> q.contains("list_hostfwd") ? entries : "{}");
        assertThat(questions.getFirst()).contains("add_hostfwd");
        assertThat(questions.getLast()).contains("7").doesNotContain("8");
    }

    @Test
    void aPortThatGvproxyOpensAfterAllIsTakenBack() throws Exception {
        var control = new GvisorTapVsockControl(socket, SHORT);
        assertUnavailable(() -> control.expose("tcp", "127.0.0.1:8080", "192.168.127.2:80"), "no answer");
        List<String> questions = serveUntil("/unexpose ", q -> "HTTP/1.0 200 OK\r\n\r\n");
        assertThat(questions.getFirst()).contains("/expose ");
        assertThat(questions.getLast()).contains("127.0.0.1:8080");
    }

    /// Answers questions, those that nobody waits for any more too, until one has these words.
    private List<String> serveUntil(String words, UnaryOperator<String> answer) throws IOException {
        List<String> questions = new ArrayList<>();
        while (questions.isEmpty() || !questions.getLast().contains(words)) {
            try (SocketChannel client = server.accept()) {
                byte[] question = new byte[4096];
                int n = Channels.newInputStream(client).read(question);
                questions.add(new String(question, 0, n, US_ASCII));
                byte[] bytes = answer.apply(questions.getLast()).getBytes(US_ASCII);
                try {
                    client.write(ByteBuffer.wrap(bytes));
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("Broken pipe");
                }
            }
        }
        return questions;
    }

    @Test
    void aQueueThatIsFullIsNotWaitedFor() throws IOException {
        List<SocketChannel> waiting = new ArrayList<>();
        try {
            boolean room = true;
            while (room) {
                assertThat(waiting).hasSizeLessThan(100);
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                waiting.add(channel);
                channel.configureBlocking(false);
                room = connects(channel);
            }
            assertUnavailable(() -> new Slirp4netnsControl(socket, Duration.ofDays(1)).remove(1), socket + ": ");
        } finally {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
        }
    }

    private boolean connects(SocketChannel channel) throws IOException {
        try {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (SocketException e) {
            return false;
        }
    }

    @Test
    void longQuestionsAndAnswersArriveWhole() throws Exception {
        byte[] question = new byte[3 << 20];
        question[question.length - 1] = 7;
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<byte[]> heard = threads.submit(() -> {
                try (SocketChannel client = server.accept();
                        OutputStream out = Channels.newOutputStream(client)) {
                    byte[] all = Channels.newInputStream(client).readAllBytes();
                    out.write(all);
                    return all;
                }
            });
            byte[] answer = new ControlSocket(socket, question.length, Duration.ofSeconds(50)).ask(question, true);
            assertThat(heard.get()).isEqualTo(question);
            assertThat(answer).isEqualTo(question);
        }
    }

    private static void assertUnavailable(ThrowingCallable asking, String words) {
        assertThatThrownBy(asking)
                .hasMessageContaining(words)
                .satisfies(e -> assertThat(((KelpException) e).kind()).isEqualTo(ErrorKind.UNAVAILABLE));
    }
}
