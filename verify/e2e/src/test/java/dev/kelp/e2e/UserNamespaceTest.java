// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Containers with a user namespace of their own: which ids they get, and that what leaves them says the image's ids.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class UserNamespaceTest {
    @Parameter
    Engine engine;

    @TempDir
    Path dir;

    @AfterEach
    void removeAll() {
        engine.run("rm", "-f", "one");
        engine.run("rmi", "-f", "committed:1");
    }

    private Outcome run(String script, String... options) {
        return engine.run(
                Stream.of(Stream.of("run", "--net=host"), Stream.of(options), Stream.of(busybox(), "sh", "-c", script))
                        .flatMap(part -> part)
                        .toArray(String[]::new));
    }

    /// The lines of the map without the padding.
    private List<String> map(String... options) {
        return run(
                        "cat /proc/self/uid_map",
                        Stream.concat(Stream.of("--rm"), Stream.of(options)).toArray(String[]::new))
                .succeeded()
                .out()
                .lines()
                .map(l -> l.strip().replaceAll(" +", " "))
                .toList();
    }

    private void rootlessOnly() {
        assumeTrue(!System.getProperty("user.name").equals("root"), "Podman as root asks for a user `containers`");
    }

    /// What a line of a map has: first id inside, first id outside, how many.
    private static long[] line(String text) {
        return Stream.of(text.strip().split(" +")).mapToLong(Long::parseLong).toArray();
    }

    @Test
    void autoGivesIdsNobodyElseHas() {
        rootlessOnly();
        run("sleep 1000", "-d", "--stop-signal=KILL", "--name", "one", "--userns=auto:size=500")
                .succeeded();
        long[] one = line(engine.run("exec", "one", "cat", "/proc/self/uid_map")
                .succeeded()
                .out());
        long[] other = line(map("--userns=auto").getFirst());
        assertThat(List.of(one[0], one[2], other[0], other[2])).containsExactly(0L, 500L, 0L, 1024L);
        assertThat(one[1] + one[2] <= other[1] || other[1] + other[2] <= one[1])
                .as("%s and %s have no id in common", Arrays.toString(one), Arrays.toString(other))
                .isTrue();
        assertThat(engine.run("exec", "one", "id", "-u").succeeded().out()).isEqualTo("0\n");
        List<String> filled = map("--userns=auto:size=300,uidmapping=100:0:1");
        assertThat(filled).contains("100 0 1");
        assertThat(filled.stream().mapToLong(l -> line(l)[2]).sum()).isEqualTo(300);
    }

    @Test
    void nomapLeavesTheUserOut() {
        rootlessOnly();
        assertThat(map("--userns=nomap")).singleElement().asString().startsWith("0 1 ");
        assertThat(map("--userns=host")).first().asString().startsWith("0 ").endsWith(" 1");
    }

    @Test
    void aUserBeyondTheUsualSizeFits() {
        rootlessOnly();
        assumeTrue(engine.isKelp(), "Podman 4.3 looks at the image's files only");
        assertThat(run("id -u", "--rm", "--userns=auto", "--user=5000")
                        .succeeded()
                        .out())
                .isEqualTo("5000\n");
        assertThat(engine.run("run", "--rm", "--net=host", "--userns=auto", "--rootfs", "/", "true")
                        .expect(125)
                        .err())
                .contains("--rootfs");
    }

    @Test
    void volumesAndTheBridgeWorkWithoutTheUsersId() {
        rootlessOnly();
        assumeTrue(engine.isKelp(), "Podman's default network is another thing without root");
        assertThat(engine.run(
                                "run",
                                "--rm",
                                "--userns=auto",
                                "-v",
                                "vol:/data",
                                busybox(),
                                "sh",
                                "-c",
                                "touch /data/x && stat -c %u /data/x /etc/hosts && ls /sys/class/net")
                        .succeeded()
                        .out())
                .startsWith("0\n0\n")
                .contains("eth0");
        engine.run("volume", "rm", "vol").succeeded();
    }

    /// Names with their owners as `tar tvf` has them.
    private static List<String> owners(Outcome listing) {
        return listing.succeeded().lines().stream()
                .map(l -> l.replaceAll("^\\S+ +(\\d+/\\d+) .*? (\\S+)$", "$1 $2"))
                .toList();
    }

    private Outcome shell(String script) {
        return Program.of("sh", "-c", script)
                .environment(engine.environment())
                .directory(dir)
                .run();
    }

    private static final String WRITE = "mkdir /own; echo 1 >/own/root; echo 2 >/own/mail; chown 8:12 /own/mail;"
            + " ln -s mail /own/link; sleep 1000";

    private void writing(String... options) {
        run(
                        WRITE,
                        Stream.concat(Stream.of("-d", "--stop-signal=KILL", "--name", "one"), Stream.of(options))
                                .toArray(String[]::new))
                .succeeded();
        Waiting.until(
                Duration.ofSeconds(20),
                "the files are there",
                () -> engine.run("exec", "one", "readlink", "/own/link").exitCode() == 0,
                () -> "not yet");
    }

    @Test
    void anExportSaysTheIdsOfTheContainer() {
        rootlessOnly();
        assumeTrue(engine.isKelp(), "Podman 4.3 exports ids of its own namespace");
        writing("--userns=auto");
        assertThat(owners(shell(
                        String.join(" ", engine.prefix()) + " export one | tar --numeric-owner -tvf - | grep own")))
                .contains("0/0 own/root", "8/12 own/mail");
        assertThat(shell(String.join(" ", engine.prefix()) + " diff one")
                        .succeeded()
                        .out())
                .contains("A /own/mail");
    }

    @Test
    void aCommittedImageRunsInAnyNamespace() {
        rootlessOnly();
        writing("--userns=keep-id", "--user=0");
        engine.run("commit", "one", "committed:1").succeeded();
        String owners = "0:0\n8:12\n";
        // Podman 4.3 has no ids left for a third map
        for (String mode : engine.isKelp() ? List.of("host", "keep-id", "auto") : List.of("host", "keep-id")) {
            assertThat(engine.run(
                                    "run",
                                    "--rm",
                                    "--net=host",
                                    "--user=0",
                                    "--userns=" + mode,
                                    "committed:1",
                                    "stat",
                                    "-c",
                                    "%u:%g",
                                    "/own/root",
                                    "/own/mail")
                            .succeeded()
                            .out())
                    .as(mode)
                    .isEqualTo(owners);
        }
    }

    @Test
    void copiesKnowTheContainersIds() throws Exception {
        rootlessOnly();
        assumeTrue(engine.isKelp(), "Podman 4.3 gives everything in the archive to 1:1");
        writing("--userns=auto");
        Files.writeString(dir.resolve("in"), "x");
        engine.command("cp", "in", "one:/own/in").directory(dir).run().succeeded();
        assertThat(engine.run("exec", "one", "stat", "-c", "%u:%g", "/own/in")
                        .succeeded()
                        .out())
                .isEqualTo("0:0\n");
        assertThat(owners(
                        shell(String.join(" ", engine.prefix()) + " cp one:/own/mail - | tar --numeric-owner -tvf -")))
                .containsExactly("8/12 mail");
        shell("tar --owner=8 --group=12 -cf - in | " + String.join(" ", engine.prefix()) + " cp -a - one:/tmp")
                .succeeded();
        assertThat(engine.run("exec", "one", "stat", "-c", "%u:%g", "/tmp/in")
                        .succeeded()
                        .out())
                .isEqualTo("8:12\n");
        engine.command("cp", "one:/own/mail", "out").directory(dir).run().succeeded();
        assertThat(dir.resolve("out")).hasContent("2");
    }
}
