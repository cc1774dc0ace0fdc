// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.testing.TestHolder;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HolderKernelTest {
    private TestHolder test;

    @BeforeEach
    void start() throws Exception {
        test = new TestHolder();
    }

    @AfterEach
    void stop() throws Exception {
        test.close();
    }

    private static SpawnRequest shell(String key, String script, Map<Integer, Fd> fds) {
        return SpawnRequest.of(key, List.of("/bin/sh", "-c", script), List.of("A=1", "B=x y"), fds);
    }

    @Test
    void givesTheChildExactlyItsDescriptorsEnvironmentAndWords() throws Exception {
        Fd[] out = Pipes.pipe();
        Fd[] in = Pipes.pipe();
        SpawnedProcess child = test.holder()
                .spawn(shell(
                        "k",
                        "read l <&7; echo \"$l $A $B\"; ls /proc/self/fd | tr '\\n' ' '",
                        Map.of(1, out[1], 7, in[0])));
        out[1].close();
        in[0].close();
        Pipes.writeAll(in[1], "hello\n".getBytes(), 0, 6);
        String text;
        try (InputStream stream = Pipes.input(out[0])) {
            text = new String(stream.readAllBytes());
        }
        // 3 is ls' own view of the folder; 7 was given, 10 and the like would be leaks
        assertThat(text).isEqualTo("hello 1 x y\n0 1 2 3 7 ");
        assertThat(SpawnedProcess.exitCode(child.waitStatus().get(10, TimeUnit.SECONDS)))
                .isZero();
        child.pidfd().close();
        in[1].close();
    }

    @Test
    void tellsExitCodesAndSignals() throws Exception {
        SpawnedProcess three = test.holder().spawn(shell("three", "exit 3", Map.of()));
        SpawnedProcess killed = test.holder().spawn(shell("killed", "kill -TERM $$", Map.of()));
        assertThat(SpawnedProcess.exitCode(three.waitStatus().get(10, TimeUnit.SECONDS)))
                .isEqualTo(3);
        assertThat(SpawnedProcess.exitCode(killed.waitStatus().get(10, TimeUnit.SECONDS)))
                .isEqualTo(143);
        three.pidfd().close();
        killed.pidfd().close();
    }

    @Test
    void saysWhyAProgramCannotBeExecuted() {
        assertThatThrownBy(() -> test.holder().spawn(SpawnRequest.of("k", List.of("/no/such"), List.of(), Map.of())))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
                .hasMessageContaining("/no/such");
        assertThatThrownBy(() -> test.holder().spawn(SpawnRequest.of("k", List.of("/etc/passwd"), List.of(), Map.of())))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED));
    }

    @Test
    void keepsExitsForTheNextDaemonUntilTheyAreAcknowledged() throws Exception {
        Fd[] gate = Pipes.pipe();
        SpawnedProcess late = test.holder().spawn(shell("late", "read l; exit 5", Map.of(0, gate[0])));
        SpawnedProcess early = test.holder().spawn(shell("early", "exit 4", Map.of()));
        early.waitStatus().get(10, TimeUnit.SECONDS);
        gate[0].close();
        Holder second = test.restartDaemon();
        assertThat(SpawnedProcess.exitCode(second.exit("early").get(10, TimeUnit.SECONDS)))
                .isEqualTo(4);
        gate[1].close();
        assertThat(SpawnedProcess.exitCode(second.exit("late").get(10, TimeUnit.SECONDS)))
                .isEqualTo(5);
        second.acknowledge("early");
        Holder third = test.restartDaemon();
        assertThat(SpawnedProcess.exitCode(third.exit("late").get(10, TimeUnit.SECONDS)))
                .isEqualTo(5);
        assertThat(third.exit("early")).isNotDone();
        late.pidfd().close();
        early.pidfd().close();
    }

    @Test
    void tellsOfEndsThatNobodyAskedFor() throws Exception {
        SpawnedProcess asked = test.holder().spawn(shell("asked", "exit 1", Map.of()));
        SpawnedProcess other = test.holder().spawn(shell("other", "exit 2", Map.of()));
        asked.waitStatus().get(10, TimeUnit.SECONDS);
        other.waitStatus().get(10, TimeUnit.SECONDS);
        Holder second = test.restartDaemon();
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        second.onUnasked(told::add);
        assertThat(List.of(take(told), take(told))).containsOnly("asked", "other");
        // what this daemon starts and forgets is its own business
        second.spawn(shell("own", "exit 3", Map.of())).waitStatus().get(10, TimeUnit.SECONDS);
        second.acknowledge("other");
        second.acknowledge("own");
        Holder third = test.restartDaemon();
        told.clear();
        third.onUnasked(told::add);
        assertThat(take(told)).isEqualTo("asked");
        assertThat(SpawnedProcess.exitCode(third.exit("asked").get(10, TimeUnit.SECONDS)))
                .isEqualTo(1);
        asked.pidfd().close();
        other.pidfd().close();
    }

    private static String take(BlockingQueue<String> from) throws InterruptedException {
        String key = from.poll(10, TimeUnit.SECONDS);
        assertThat(key).as("an end that is told").isNotNull();
        return key;
    }

    @Test
    void keepsDescriptorsAcrossDaemons() throws Exception {
        Fd[] pipe = Pipes.pipe();
        test.holder().store("a", pipe[0]);
        test.holder().store("gone", pipe[0]);
        test.holder().drop("gone");
        pipe[0].close();
        Map<String, Fd> kept = test.restartDaemon().stored();
        assertThat(kept).containsOnlyKeys("a");
        Pipes.writeAll(pipe[1], new byte[] {42}, 0, 1);
        pipe[1].close();
        try (InputStream in = Pipes.input(kept.get("a"))) {
            assertThat(in.readAllBytes()).containsExactly(42);
        }
    }

    @Test
    void failsWhatWaitsWhenTheHolderGoes() throws Exception {
        SpawnedProcess child =
                test.holder().spawn(shell("k", "sleep 100", Map.of()).dyingWithDaemon());
        test.holder().close();
        assertThatThrownBy(() -> child.waitStatus().get(10, TimeUnit.SECONDS)).hasMessageContaining("holder is gone");
        assertThatThrownBy(() -> test.holder().spawn(shell("l", "true", Map.of())))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("holder is gone");
        dev.kelp.linux.Processes.sendSignal(child.pidfd(), 9);
        child.pidfd().close();
    }
}
