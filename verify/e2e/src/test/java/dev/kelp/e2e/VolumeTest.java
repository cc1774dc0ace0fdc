// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Volumes, mounts of images and files with other owners.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class VolumeTest {
    @Parameter
    Engine engine;

    @TempDir
    Path dir;

    @AfterEach
    void removeAll() {
        engine.run("rm", "-f", "-v", "one", "two");
        for (String name : engine.run("volume", "ls", "-q").out().lines().toList()) {
            // one that goes with its container may be gone by now
            engine.run("volume", "rm", "-f", name).succeeded();
        }
    }

    private Outcome shell(String script, String... options) {
        return engine.run(Stream.of(
                        Stream.of("run", "--rm", "--net=host"),
                        Stream.of(options),
                        Stream.of(busybox(), "sh", "-c", script))
                .flatMap(part -> part)
                .toArray(String[]::new));
    }

    private String volumes() {
        return engine.run("volume", "ls", "-q").succeeded().out();
    }

    @Test
    void aVolumeOutlivesItsContainers() {
        shell("echo hello > /data/file", "-v", "data:/data").succeeded();
        assertThat(shell("cat /data/file", "-v", "data:/data:ro").succeeded().out())
                .isEqualTo("hello\n");
        assertThat(shell("touch /data/no", "-v", "data:/data:ro").err()).contains("Read-only");
        assertThat(volumes()).isEqualTo("data\n");
    }

    @Test
    void anEmptyVolumeGetsWhatTheImageHas() {
        String etc = shell("ls /etc").succeeded().out();
        assertThat(shell("ls /etc; echo mine > /etc/passwd", "-v", "etc:/etc")
                        .succeeded()
                        .out()
                        .lines())
                .containsAll(etc.lines()
                        .filter(f -> !f.matches("hosts|hostname|resolv.conf|mtab"))
                        .toList());
        assertThat(shell("cat /again/passwd", "-v", "etc:/again").succeeded().out())
                .isEqualTo("mine\n");
        assertThat(shell("ls /etc/passwd", "-v", "other:/etc:nocopy").exitCode())
                .isNotZero();
    }

    @Test
    void aVolumeInUseStays() {
        engine.run("create", "--name", "one", "--net=host", "-v", "data:/data", busybox(), "true")
                .succeeded();
        Outcome refused = engine.run("volume", "rm", "data");
        assertThat(refused.exitCode()).isNotZero();
        assertThat(refused.err()).containsPattern("in use|being used");
        engine.run("rm", "one").succeeded();
        assertThat(engine.run("volume", "rm", "data").succeeded().out()).isEqualTo("data\n");
    }

    @Test
    void whatNobodyNamedGoesWithItsContainer() {
        engine.run("create", "--name", "one", "--net=host", "-v", "/data", busybox(), "true")
                .succeeded();
        assertThat(volumes()).matches("[0-9a-f]{64}\n");
        engine.run("rm", "one").succeeded();
        assertThat(volumes()).matches("[0-9a-f]{64}\n");
        engine.run("create", "--name", "two", "--net=host", "-v", "/data", busybox(), "true")
                .succeeded();
        engine.run("rm", "-v", "two").succeeded();
        assertThat(volumes().lines()).hasSize(1);
    }

    @Test
    void volumesOfAnotherContainer() {
        engine.run("run", "--name", "one", "--net=host", "-v", "/a", "-v", dir + ":/b", busybox(), "touch", "/a/x")
                .succeeded();
        Outcome outcome = shell("ls /a; touch /b/y; touch /a/z", "--volumes-from", "one:ro");
        assertThat(outcome.out()).isEqualTo("x\n");
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(dir.resolve("y")).doesNotExist();
        shell("touch /b/y", "--volumes-from", "one").succeeded();
        assertThat(dir.resolve("y")).exists();
    }

    @Test
    void anExportedVolumeCanBeImported() throws Exception {
        shell("mkdir /d/sub; echo deep > /d/sub/file; chmod 640 /d/sub/file", "-v", "from:/d")
                .succeeded();
        Path tar = dir.resolve("v.tar");
        engine.run("volume", "export", "-o", tar.toString(), "from").succeeded();
        assertThat(Files.size(tar)).isGreaterThan(512);
        engine.run("volume", "create", "to").succeeded();
        engine.run("volume", "import", "to", tar.toString()).succeeded();
        assertThat(shell("stat -c %a /d/sub/file; cat /d/sub/file", "-v", "to:/d")
                        .succeeded()
                        .out())
                .isEqualTo("640\ndeep\n");
    }

    @Test
    void pruneTakesWhatNobodyNamedAndAllWhatNobodyUses() {
        assumeTrue(engine.isKelp(), "Podman's prune takes named volumes, too");
        engine.run("volume", "create", "named").succeeded();
        String made = engine.run("volume", "create").succeeded().out().strip();
        assertThat(engine.run("volume", "prune", "-f").succeeded().out())
                .contains(made)
                .doesNotContain("named");
        assertThat(engine.run("volume", "prune", "-f", "--all").succeeded().out())
                .contains("named");
        assertThat(volumes()).isEmpty();
    }

    @Test
    void aTmpfsVolumeIsSharedWhileOneUsesIt() {
        assumeTrue(engine.isKelp(), "rootless Podman mounts no such volumes");
        engine.run("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m", "t")
                .succeeded();
        engine.run("run", "-d", "--name", "one", "--net=host", "-v", "t:/t", busybox(), "sleep", "60")
                .succeeded();
        shell("echo shared > /t/file", "-v", "t:/t").succeeded();
        assertThat(engine.run("exec", "one", "cat", "/t/file").succeeded().out())
                .isEqualTo("shared\n");
        engine.run("rm", "-f", "one").succeeded();
        assertThat(shell("ls /t", "-v", "t:/t").succeeded().out()).isEmpty();
    }

    @Test
    void anImageIsMounted() {
        String option = "type=image,source=" + busybox() + ",target=/image";
        assertThat(shell("ls -d /image/bin; touch /image/no", "--mount", option).out())
                .isEqualTo("/image/bin\n");
        assertThat(shell("touch /image/no", "--mount", option).exitCode()).isNotZero();
    }

    @Test
    void aPartOfAVolumeEndsInside() {
        assumeTrue(engine.isKelp(), "Podman 4 has no subpath");
        shell("mkdir -p /v/a/b; ln -s / /v/up", "-v", "data:/v").succeeded();
        String mount = "type=volume,source=data,target=/m,volume-subpath=";
        assertThat(shell("ls /m", "--mount", mount + "a").succeeded().out()).isEqualTo("b\n");
        assertThat(shell("ls /m", "--mount", mount + "up/../..").succeeded().out())
                .isEqualTo("a\nup\n");
        assertThat(shell("ls /m", "--mount", mount + "none").expect(125).err()).contains("none");
    }

    @Test
    void whoKeepsHerIdOwnsWhatSheWrites() throws Exception {
        assumeTrue(!isRoot(), "root has no id to keep");
        Outcome outcome = shell(
                        "id -u; touch /w/file; whoami; echo $HOME", "--userns=keep-id", "-v", dir + ":/w", "-w", "/w")
                .succeeded();
        assertThat(outcome.out().lines().toList().getFirst()).isEqualTo(uid());
        assertThat(Files.getAttribute(dir.resolve("file"), "unix:uid").toString())
                .isEqualTo(uid());
        assertThat(outcome.out()).contains(System.getProperty("user.name")).endsWith("/w\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"keep-id:uid=200,gid=300", "auto:size=70000", "keep-id:uid=x", "nonsense"})
    void userNamespacesThatCannotBe(String mode) throws Exception {
        assumeTrue(engine.isKelp(), "Podman 4.3 knows fewer modes and says other things");
        if (mode.startsWith("keep-id:uid=200")) {
            assertThat(shell("id -u; id -g; touch /w/f", "--userns=" + mode, "-v", dir + ":/w")
                            .succeeded()
                            .out())
                    .isEqualTo("200\n300\n");
            assertThat(Files.getAttribute(dir.resolve("f"), "unix:uid").toString())
                    .isEqualTo(uid());
        } else {
            shell("true", "--userns=" + mode).expect(125);
        }
    }

    @Test
    void mapsByHand() {
        assumeTrue(engine.isKelp(), "Podman 4.3 asks for less");
        assertThat(shell(
                                "id -u; stat -c %u /bin; cat /proc/self/uid_map",
                                "--uidmap", "0:1:1000", "--uidmap", "1000:0:1")
                        .succeeded()
                        .out()
                        .replaceAll(" +", " "))
                .isEqualTo("0\n0\n 0 1 1000\n 1000 0 1\n");
        assertThat(shell("true", "--uidmap", "0:1:10", "--uidmap", "5:0:1")
                        .expect(125)
                        .err())
                .contains("overlap");
        assertThat(shell("true", "--userns=nomap:x=1").expect(125).err()).contains("nomap");
    }

    @Test
    void aFileIsBoundReadOnly() throws Exception {
        Files.writeString(dir.resolve("file"), "x");
        shell("[ $(cat /there/file) = x ] && ! echo y >/there/file", "-v", dir.resolve("file") + ":/there/file:ro")
                .succeeded();
    }

    @Test
    void whatIsMountedWithUBelongsToTheUserInside() throws Exception {
        Files.createFile(dir.resolve("file"));
        // by the exit code: Podman 4.3 loses the output of a short command on a busy machine
        shell("[ $(stat -c %u /w/file) = 33 ] && touch /w/more", "-v", dir + ":/w:U", "--user", "33:33")
                .succeeded();
        shell("chown -R 0:0 /w", "-v", dir + ":/w").succeeded();
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private String uid() throws Exception {
        return Files.getAttribute(dir, "unix:uid").toString();
    }
}
