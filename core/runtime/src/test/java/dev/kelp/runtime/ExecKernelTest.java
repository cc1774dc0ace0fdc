// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static dev.kelp.runtime.ContainerFixture.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Terminals;
import dev.kelp.runtime.spec.Capability;
import dev.kelp.runtime.spec.OciSpec.ProcessConfig;
import dev.kelp.runtime.spec.RootFiles;
import dev.kelp.runtime.spec.Users;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ExecKernelTest {
    private static ContainerFixture f;
    private static int tokens;

    @BeforeAll
    static void start() throws Exception {
        f = new ContainerFixture();
    }

    @AfterAll
    static void stop() throws Exception {
        f.close();
    }

    private static ContainerTask sleeper(String runtime) throws Exception {
        ContainerTask task = f.create(spec("sleep", "1000"), runtime);
        task.start();
        return task;
    }

    private static ExecRequest request(ContainerTask task, boolean terminal, boolean stdin, String... words) {
        Users.Identity user;
        try (RootFiles root = new RootFiles("/proc/" + task.pid() + "/root")) {
            user = Users.of(root).resolve("alice", List.of());
        }
        ProcessConfig process = new ProcessConfig(
                List.of(words),
                List.of("PATH=/bin", "X=y"),
                "/tmp",
                user,
                0022,
                terminal,
                40,
                100,
                EnumSet.copyOf(Capability.DEFAULT),
                true,
                null,
                null,
                List.of());
        return new ExecRequest("t" + ++tokens, process, stdin, false);
    }

    private static String text(Fd fd) throws IOException {
        try (InputStream in = Pipes.input(fd)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void givesOutputErrorsInputAndExitCode(String runtime) throws Exception {
        ContainerTask task = sleeper(runtime);
        ExecProcess p = task.exec(request(task, false, true, "sh", "-c", "cat; id -u; pwd; echo $X >&2; exit 42"));
        byte[] hello = "hello\n".getBytes(StandardCharsets.UTF_8);
        Fd stdin = p.stdin().orElseThrow();
        Pipes.writeAll(stdin, hello, 0, hello.length);
        stdin.close();
        assertThat(text(p.stdout().orElseThrow())).isEqualTo("hello\n1000\n/tmp\n");
        assertThat(text(p.stderr().orElseThrow())).isEqualTo("y\n");
        assertThat(p.exit().get(10, TimeUnit.SECONDS).code()).isEqualTo(42);
        ExecProcess confined = task.exec(
                request(task, false, false, "grep", "-E", "^(Seccomp|NoNewPrivs|CapBnd):", "/proc/self/status"));
        assertThat(text(confined.stdout().orElseThrow()).replace("\t", " "))
                .isEqualTo("CapBnd: 00000000a80425fb\nNoNewPrivs: 1\nSeccomp: 2\n");
        task.delete();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void tellsCommandsThatCannotBeExecuted(String runtime) throws Exception {
        ContainerTask task = sleeper(runtime);
        for (String[] c : new String[][] {{"nosuch", "127"}, {"/bin/notexec", "126"}, {"false", "1"}}) {
            ExecProcess p = task.exec(request(task, false, false, c[0]));
            ExecProcess.Exit exit = p.exit().get(10, TimeUnit.SECONDS);
            assertThat(exit.code()).as(c[0] + ": " + exit).isEqualTo(Integer.parseInt(c[1]));
            assertThat(exit.failure().isPresent()).isEqualTo(exit.code() != 1);
            p.stdout().orElseThrow().close();
            p.stderr().orElseThrow().close();
        }
        task.delete();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void tellsASignalAsAShellDoes(String runtime) throws Exception {
        ContainerTask task = sleeper(runtime);
        ExecProcess p = task.exec(request(task, false, false, "sh", "-c", "kill -KILL $$"));
        assertThat(p.exit().get(10, TimeUnit.SECONDS).code()).isEqualTo(137);
        p.stdout().orElseThrow().close();
        p.stderr().orElseThrow().close();
        task.delete();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void givesATerminal(String runtime) throws Exception {
        ContainerTask task = sleeper(runtime);
        ExecProcess p = task.exec(request(task, true, true, "sh", "-c", "tty; stty size; read x; stty size; exit 3"));
        Fd terminal = p.terminal().orElseThrow();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (InputStream in = Pipes.input(terminal)) {
            while (!out.toString(StandardCharsets.UTF_8).contains("40 100\r\n")) {
                out.write(in.read());
            }
            Terminals.setSize(terminal, 33, 99);
            Pipes.writeAll(terminal, new byte[] {'\n'}, 0, 1);
            in.transferTo(out);
        } catch (IOException e) {
            // EIO is how a pty's master tells that nobody has the other end
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("/dev/pts/").contains("33 99\r\n");
        assertThat(p.exit().get(10, TimeUnit.SECONDS).code()).isEqualTo(3);
        ExecProcess missing = task.exec(request(task, true, true, "nosuch"));
        assertThat(missing.exit().get(10, TimeUnit.SECONDS).code()).isEqualTo(127);
        missing.terminal().ifPresent(Fd::close);
        task.delete();
    }

    private static void awaitForgotten(String id, String token) throws InterruptedException {
        for (int i = 0; i < 1000 && f.tasks.keepsExec(id, token); i++) {
            Thread.sleep(10);
        }
        assertThat(f.tasks.keepsExec(id, token)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun"})
    void survivesTheDaemon(String runtime) throws Exception {
        ContainerTask task = sleeper(runtime);
        ExecRequest request = request(task, false, true, "sh", "-c", "read x; exit 9");
        ExecProcess p = task.exec(request);
        f.restartDaemon();
        ContainerTask again = f.tasks.reattach(task.id()).orElseThrow();
        assertThat(f.tasks.keepsExec(task.id(), request.token())).isTrue();
        var ending = f.tasks.execEnding(task.id(), request.token());
        var exit = ending.exit();
        assertThat(exit).isNotDone();
        p.stdin().orElseThrow().close();
        assertThat(exit.get(10, TimeUnit.SECONDS).code()).isEqualTo(9);
        p.stdout().orElseThrow().close();
        p.stderr().orElseThrow().close();
        // nobody was told: the next daemon knows it, too
        f.restartDaemon();
        assertThat(f.tasks.keepsExec(task.id(), request.token())).isTrue();
        ending = f.tasks.execEnding(task.id(), request.token());
        assertThat(ending.exit().get(10, TimeUnit.SECONDS).code()).isEqualTo(9);
        ending.told().run();
        awaitForgotten(task.id(), request.token());
        again = f.tasks.reattach(task.id()).orElseThrow();
        try (var files = Files.list(again.bundle())) {
            assertThat(files.map(x -> x.getFileName().toString())).noneMatch(n -> n.startsWith("exec-"));
        }
        again.delete();
    }

    /// The daemon was killed before it said that the client has the code, so nobody comes for it any more.
    @Test
    void whatNobodyComesForIsForgotten() throws Exception {
        ContainerTask task = sleeper("crun");
        ExecRequest request = request(task, false, false, "true");
        ExecProcess p = task.exec(request);
        assertThat(p.exit().get(10, TimeUnit.SECONDS).code()).isZero();
        p.stdout().orElseThrow().close();
        p.stderr().orElseThrow().close();
        f.restartDaemon();
        assertThat(f.tasks.keepsExec(task.id(), request.token())).isTrue();
        CompletableFuture<String> told = new CompletableFuture<>();
        f.holder.holder().onUnasked(key -> {
            if (key.endsWith("/" + request.token())) {
                told.complete(key);
            }
        });
        f.tasks.endedUnasked(told.get(10, TimeUnit.SECONDS), Duration.ZERO);
        awaitForgotten(task.id(), request.token());
        for (int i = 0; i < 1000 && f.holder.holder().exit(told.join()).isDone(); i++) {
            Thread.sleep(10);
        }
        // an answer comes when what was sent before has arrived
        f.holder.holder().stored();
        f.restartDaemon();
        f.holder.holder().stored();
        assertThat(f.holder.holder().exit(told.join())).isNotDone();
        f.tasks.reattach(task.id()).orElseThrow().delete();
    }
}
