// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// `run` in the foreground: what the process sees, what comes back.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class RunTest {
    @Parameter
    Engine engine;

    /// `run --rm --net=host OPTIONS... busybox sh -c SCRIPT`
    private Outcome shell(String script, String... options) {
        return engine.run(words(script, options));
    }

    private static String[] words(String script, String... options) {
        boolean network = Stream.of(options).anyMatch(option -> option.startsWith("--net"));
        return Stream.of(
                        Stream.of("run", "--rm", network ? "--tty=false" : "--net=host"),
                        Stream.of(options),
                        Stream.of(busybox(), "sh", "-c", script))
                .flatMap(part -> part)
                .toArray(String[]::new);
    }

    @Test
    void bothStreamsComeBackApart() {
        Outcome outcome = shell("echo out; echo err >&2").succeeded();
        assertThat(outcome.out()).isEqualTo("out\n");
        assertThat(outcome.err()).isEqualTo("err\n");
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "3", "125", "255"})
    void theExitCodeIsTheProcess(int code) {
        shell("exit " + code).expect(code);
    }

    @Test
    void aSignalIs128AndItsNumber() {
        // The kernel does not let pid 1 kill itself: pid_namespaces(7).
        shell("sh -c 'kill -9 $$'; exit $?").expect(137);
    }

    @Test
    void aCommandThatIsNotThereIs127() {
        engine.run("run", "--rm", "--net=host", busybox(), "/no/such/command").expect(127);
    }

    @Test
    void aCommandThatCannotBeExecutedIs126() {
        engine.run("run", "--rm", "--net=host", busybox(), "/etc/passwd").expect(126);
    }

    @Test
    void aFlagThatIsNotThereIs125() {
        Outcome outcome = engine.run("run", "--no-such-flag", busybox()).expect(125);
        assertThat(outcome.err()).contains("no-such-flag");
    }

    @Test
    void standardInputReachesTheProcessWithInteractive() {
        Outcome outcome =
                engine.command(words("cat", "-i")).input("hello\nthere").run().succeeded();
        assertThat(outcome.out()).isEqualTo("hello\nthere");
    }

    @Test
    void standardInputStaysWithTheCallerOtherwise() {
        Outcome outcome =
                engine.command(words("cat; echo end")).input("hello\n").run().succeeded();
        assertThat(outcome.out()).isEqualTo("end\n");
    }

    @Test
    void aMegabyteComesThroughUnchanged() {
        String sum = shell("head -c 1048576 /dev/zero | tr '\\0' x").succeeded().out();
        assertThat(sum).hasSize(1048576).matches("x*");
    }

    @Test
    void itIsPid1WithItsOwnHostNameAndRoot() {
        Outcome outcome = shell("echo $$; hostname; id -u; pwd", "--hostname", "reef", "--net=none")
                .succeeded();
        assertThat(outcome.lines()).containsExactly("1", "reef", "0", "/");
    }

    @Test
    void rootInsideIsTheCallerOrASubordinateIdOutside() {
        String map = shell("cat /proc/self/uid_map").succeeded().text();
        assertThat(map).startsWith("0 ");
        if (engine.isKelp()) {
            // Never host root, not even for host root.
            assertThat(map.split("\\s+")[1]).isNotEqualTo("0");
        }
    }

    @Test
    void environmentOfImageAndFlagsAndFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("env"), "# comment\nA=from file\nB=2\n\nINHERITED\n");
        Outcome outcome = engine.command(words(
                        "echo \"$A|$B|$C|$INHERITED|$PATH\"", "-e", "A=flag", "-e", "C", "--env-file", file.toString()))
                .environment(java.util.Map.of("C", "caller", "INHERITED", "too"))
                .run()
                .succeeded();
        assertThat(outcome.text()).isEqualTo("flag|2|caller|too|/bin:/sbin");
    }

    @Test
    void workingDirectoryAndUser() {
        Outcome outcome = shell("pwd; id -u; id -g; id -G; echo $HOME", "-w", "/home/user", "-u", "user")
                .succeeded();
        assertThat(outcome.lines()).containsExactly("/home/user", "1000", "1000", "1000 2000", "/home/user");
    }

    @Test
    void entryPointReplacesTheImages() {
        Outcome outcome = engine.run("run", "--rm", "--net=host", "--entrypoint", "/bin/echo", busybox(), "a b", "c")
                .succeeded();
        assertThat(outcome.text()).isEqualTo("a b c");
    }

    @Test
    void readOnlyRootAndTmpfs() {
        Outcome outcome = shell(
                        "touch /x 2>/dev/null || echo refused; touch /scratch/x && grep ' /scratch ' /proc/mounts",
                        "--read-only",
                        "--tmpfs",
                        "/scratch:size=1m")
                .succeeded();
        assertThat(outcome.out()).startsWith("refused\n").contains("tmpfs").contains("size=1024k");
    }

    @Test
    void bindsAFolderReadWriteAndReadOnly(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("in"), "from outside");
        Program.of("chmod", "777", folder.toString()).run().succeeded();
        Outcome outcome = shell(
                        "cat /rw/in; echo inside >/rw/out; touch /ro/x 2>/dev/null || echo ' refused'",
                        "-v",
                        folder + ":/rw",
                        "-v",
                        folder + ":/ro:ro")
                .succeeded();
        assertThat(outcome.text()).isEqualTo("from outside refused");
        assertThat(folder.resolve("out")).hasContent("inside");
    }

    @Test
    void theCallerOwnsWhatRootInsideWrites(@TempDir Path folder) throws Exception {
        Program.of("chmod", "777", folder.toString()).run().succeeded();
        shell("echo x >/w/file", "-v", folder + ":/w").succeeded();
        if (!dev.kelp.testkit.Folders.isRoot()) {
            assertThat(Files.getOwner(folder.resolve("file")).getName()).isEqualTo(System.getProperty("user.name"));
        }
    }

    @Test
    void networkNoneHasOnlyLoopback() {
        Outcome outcome = shell("ls /sys/class/net", "--net=none").succeeded();
        assertThat(outcome.lines()).containsExactly("lo");
    }

    @Test
    void capabilitiesAreTheUsualFourteenOrFewer() {
        Outcome outcome =
                shell("grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status").succeeded();
        long effective = Long.parseUnsignedLong(outcome.lines().get(0).replaceAll(".*\\s", ""), 16);
        // Docker's default set: capabilities(7) numbers 0,1,3,4,5,6,7,8,10,13,18,27,29,31.
        long docker = 0xa80425fbL;
        assertThat(effective & ~docker).isZero();
        assertThat(outcome.out()).contains("Seccomp:\t2");
    }

    @Test
    void droppingAllLeavesNone() {
        Outcome outcome = shell("grep -E 'CapEff|CapBnd' /proc/self/status", "--cap-drop", "ALL")
                .succeeded();
        assertThat(outcome.lines()).allMatch(line -> line.endsWith("\t0000000000000000"));
    }

    @Test
    void noNewPrivileges() {
        Outcome outcome = shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges")
                .succeeded();
        assertThat(outcome.text()).endsWith("1");
    }

    @Test
    void seccompRefusesNewNamespaces() {
        // Podman's own profile allows it.
        shell("unshare -U true").expect(engine.isKelp() ? 1 : 0);
    }

    @Test
    void limits() {
        Outcome outcome = shell("ulimit -n; ulimit -Hn", "--ulimit", "nofile=100:200", "--ulimit", "nproc=512:512")
                .succeeded();
        assertThat(outcome.lines()).containsExactly("100", "200");
    }

    @Test
    void aSmallInitIsPid1() {
        Outcome outcome = shell("echo $$; cat /proc/1/comm", "--init").succeeded();
        assertThat(outcome.lines().get(0)).isNotEqualTo("1");
        assertThat(outcome.lines().get(1)).isNotEqualTo("sh");
    }

    @Test
    void nothingIsLeftAfterRm() {
        shell("true").succeeded();
        assertThat(engine.run("ps", "-aq").succeeded().text()).isEmpty();
    }
}
