// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static dev.kelp.runtime.ContainerFixture.sh;
import static dev.kelp.runtime.ContainerFixture.spec;
import static dev.kelp.runtime.ContainerFixture.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Processes;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Lifecycle;
import dev.kelp.runtime.spec.OciSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The life of tasks with the real conmon, crun and runc.
@Timeout(60)
class RunKernelTest {
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    private static ContainerFixture f;

    @BeforeAll
    static void start() throws Exception {
        f = new ContainerFixture();
    }

    @AfterAll
    static void stop() throws Exception {
        f.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void runsAndTellsOutputAndExitCode(String runtime) throws Exception {
        var outcome = f.run(sh("echo out; echo err >&2; exit 7"), runtime);
        assertThat(outcome.err()).isEqualTo("err\n");
        assertThat(outcome.out()).isEqualTo("out\n");
        assertThat(outcome.code()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void tellsAMissingAndAnUnexecutableCommandApart(String runtime) {
        assertThatThrownBy(() -> f.create(spec("nosuch"), runtime))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.COMMAND_NOT_FOUND));
        assertThatThrownBy(() -> f.create(spec("/bin/notexec"), runtime))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_EXECUTABLE));
        assertThat(f.tasks.known()).as("what is left of a failed task").isEmpty();
    }

    @Test
    void losesNoByteOfAFastContainersOutput() throws Exception {
        for (int i = 0; i < 5; i++) {
            ContainerTask task = f.create(sh("seq 1 20000; echo done >&2"));
            try (ContainerTask.Streams streams = task.attach()) {
                task.start();
                String[] both = ContainerFixture.drain(streams.stream());
                assertThat(both[0].lines().count()).isEqualTo(20000);
                assertThat(both[1]).isEqualTo("done\n");
            }
            assertThat(task.exit().get(10, TimeUnit.SECONDS)).isZero();
            assertThat(f.logText(task.id(), false).lines().count()).isEqualTo(20000);
            task.delete();
        }
    }

    @Test
    void givesAttachedInputAndItsEnd() throws Exception {
        ContainerTask task = f.create(ContainerFixture.interactive(spec("/bin/cat"), false, true, true));
        try (ContainerTask.Streams streams = task.attach()) {
            task.start();
            UnixSockets.send(streams.stream(), "hello\n".getBytes(StandardCharsets.UTF_8), List.of());
            UnixSockets.shutdown(streams.stream(), 1);
            assertThat(ContainerFixture.drain(streams.stream())[0]).isEqualTo("hello\n");
        }
        assertThat(task.exit().get(10, TimeUnit.SECONDS)).isZero();
        task.delete();
    }

    @Test
    void givesATerminalWithAWindow() throws Exception {
        ContainerTask task =
                f.create(ContainerFixture.interactive(sh("tty; read x; stty size; exit 3"), true, true, false));
        try (ContainerTask.Streams streams = task.attach()) {
            task.resize(33, 99);
            task.start();
            UnixSockets.send(streams.stream(), "\n".getBytes(StandardCharsets.UTF_8), List.of());
            String text = ContainerFixture.drain(streams.stream())[0];
            assertThat(text).contains("/dev/pts/0\r\n").contains("33 99\r\n");
            assertThat(streams.control()).isPresent();
        }
        assertThat(task.exit().get(10, TimeUnit.SECONDS)).isEqualTo(3);
        task.delete();
    }

    @Test
    void theFirstProcessFindsTheWindowAlsoWhenConmonIsSlow() throws Exception {
        ContainerTask task = f.create(ContainerFixture.interactive(sh("stty size"), true, true, false));
        int monitor = Integer.parseInt(Files.readString(task.bundle().resolve("conmon.pid")));
        try (ContainerTask.Streams streams = task.attach()) {
            Processes.kill(monitor, SIGSTOP);
            task.resize(33, 99);
            task.start();
            // its zombie is the monitor's to reap
            while (Processes.startTicks(task.pid()).isPresent()) {
                Thread.sleep(10);
            }
            Processes.kill(monitor, SIGCONT);
            assertThat(ContainerFixture.drain(streams.stream())[0]).contains("33 99\r\n");
        }
        task.delete();
    }

    @Test
    void sendsSignals() throws Exception {
        ContainerTask task = f.create(sh("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"));
        assertThat(task.phase()).isEqualTo(ContainerTask.Phase.CREATED);
        try (ContainerTask.Streams streams = task.attach()) {
            task.start();
            assertThat(task.phase()).isEqualTo(ContainerTask.Phase.RUNNING);
            byte[] buffer = new byte[100];
            assertThat(UnixSockets.receive(streams.stream(), buffer, 0, 100).bytes())
                    .isPositive();
        }
        task.kill(Processes.SIGTERM);
        assertThat(task.exit().get(10, TimeUnit.SECONDS)).isEqualTo(9);
        assertThat(task.phase()).isEqualTo(ContainerTask.Phase.ENDED);
        assertThatThrownBy(() -> task.kill(15)).isInstanceOf(KelpException.class);
        task.delete();
        ContainerTask second = f.create(spec("sleep", "100"));
        second.start();
        second.kill(Processes.SIGKILL);
        assertThat(second.exit().get(10, TimeUnit.SECONDS)).isEqualTo(137);
        second.delete();
        assertThat(Files.exists(second.bundle())).isFalse();
    }

    @Test
    void aRestartedDaemonFindsRunningAndEndedContainers() throws Exception {
        ContainerTask running = f.create(sh("read x; exit 5"));
        ContainerTask waiting = f.create(ContainerFixture.interactive(sh("read x; exit 6"), false, true, true));
        ContainerTask created = f.create(sh("exit 8"));
        waiting.start();
        f.restartDaemon();
        running.start();
        ContainerTask again = f.tasks.reattach(waiting.id()).orElseThrow();
        assertThat(again.phase()).isEqualTo(ContainerTask.Phase.RUNNING);
        assertThat(f.tasks.reattach(running.id()).orElseThrow().exit().get(10, TimeUnit.SECONDS))
                .isNotZero();
        try (ContainerTask.Streams streams = again.attach()) {
            UnixSockets.send(streams.stream(), "x\n".getBytes(StandardCharsets.UTF_8), List.of());
            assertThat(again.exit().get(10, TimeUnit.SECONDS)).isEqualTo(6);
        }
        ContainerTask third = f.tasks.reattach(created.id()).orElseThrow();
        assertThat(third.phase()).isEqualTo(ContainerTask.Phase.CREATED);
        third.start();
        assertThat(third.exit().get(10, TimeUnit.SECONDS)).isEqualTo(8);
        f.restartDaemon();
        ContainerTask ended = f.tasks.reattach(created.id()).orElseThrow();
        assertThat(ended.phase()).isEqualTo(ContainerTask.Phase.ENDED);
        assertThat(ended.exit().get(10, TimeUnit.SECONDS)).isEqualTo(8);
        for (ContainerTask old : List.of(again, third, running)) {
            f.tasks.reattach(old.id()).orElseThrow().delete();
        }
        assertThat(f.tasks.known()).isEmpty();
    }

    @Test
    void endsAContainerWhoseMonitorWasKilled() throws Exception {
        ContainerTask task = f.create(spec("sleep", "100"));
        task.start();
        Processes.kill(Integer.parseInt(Files.readString(task.bundle().resolve("conmon.pid"))), 9);
        assertThat(task.exit().get(15, TimeUnit.SECONDS)).isEqualTo(ContainerTask.MONITOR_LOST);
        // Ended, if perhaps not reaped yet: that is the subreaper's.
        assertThat(Processes.startTicks(task.pid())).isEmpty();
        f.restartDaemon();
        assertThat(f.tasks.reattach(task.id()).orElseThrow().exit().get(10, TimeUnit.SECONDS))
                .isEqualTo(ContainerTask.MONITOR_LOST);
        f.tasks.reattach(task.id()).orElseThrow().delete();
    }

    @Test
    void runsCommandUnderAnInitAndReapsOrphans() throws Exception {
        assertThat(Programs.init()).as("an init; apt-get install catatonit").isPresent();
        var lifecycle = new Lifecycle(false, null, null, null, true, null, null);
        var outcome = f.run(with(sh("echo $$; exit 4"), lifecycle));
        assertThat(outcome.out()).as(outcome.err()).isNotEqualTo("1\n");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(f.rootfs.resolve("dev/init")).doesNotExist();
    }

    @Test
    void aGivenUpLaunchLeavesNothing() throws Exception {
        String id = ContainerFixture.newId();
        Tasks.Launch launch = f.tasks.prepare(new TaskSpec(
                id, "n", Programs.ociRuntime(Optional.empty()), Optional.of(f.log(id)), false, false, false));
        launch.abandon();
        assertThat(f.tasks.known()).doesNotContain(id);
    }

    @Test
    void aLaunchCutShortByTheDaemonsEndIsCleanedUp() throws Exception {
        String id = ContainerFixture.newId();
        Tasks.Launch launch = f.tasks.prepare(new TaskSpec(
                id, "n", Programs.ociRuntime(Optional.empty()), Optional.of(f.log(id)), false, false, false));
        int monitor = Integer.parseInt(Files.readString(launch.bundle().resolve("conmon.pid")));
        Processes.kill(monitor, 9);
        f.restartDaemon();
        assertThat(f.tasks.reattach(id)).isEmpty();
        assertThat(f.tasks.known()).doesNotContain(id);
    }

    @Test
    void aRemovalCutShortByTheDaemonsEndIsFinished() throws Exception {
        ContainerTask task = f.create(sh("exit 3"));
        task.start();
        task.exit().get(10, TimeUnit.SECONDS);
        TaskFiles files = new TaskFiles(f.instance.runRoot(), task.id());
        task.delete();
        files.writeExit(3);
        f.restartDaemon();
        assertThat(f.tasks.reattach(task.id())).isEmpty();
        assertThat(files.exit()).doesNotExist();
    }

    @Test
    void aContainerRunsAgainUnderItsIdButNotTwiceAtOnce() throws Exception {
        String id = ContainerFixture.newId();
        TaskSpec taskSpec = new TaskSpec(
                id, "n", Programs.ociRuntime(Optional.empty()), Optional.of(f.log(id)), false, false, false);
        for (String command : List.of("exit 1", "exit 2")) {
            Tasks.Launch launch = f.tasks.prepare(taskSpec);
            assertThatThrownBy(() -> f.tasks.prepare(taskSpec)).hasMessageContaining("has a task already");
            launch.configure(OciSpec.generate(f.inputs(id, sh(command))));
            ContainerTask task = launch.create();
            task.start();
            assertThat(task.exit().get(10, TimeUnit.SECONDS)).isEqualTo(command.charAt(5) - '0');
        }
        f.tasks.reattach(id).orElseThrow().delete();
        assertThat(f.tasks.known()).doesNotContain(id);
    }

    @Test
    void manyContainersRunAtOnceFromVirtualThreads() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> codes = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                int code = i;
                codes.add(threads.submit(() -> f.run(sh("exit " + code)).code()));
            }
            for (int i = 0; i < codes.size(); i++) {
                assertThat(codes.get(i).get(50, TimeUnit.SECONDS)).isEqualTo(i);
            }
        }
    }
}
