// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// `cp` by Docker's rules, to and from containers that run, have run and never ran.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class CopyTest {
    @Parameter
    Engine engine;

    @TempDir
    Path folder;

    @BeforeEach
    void makeFiles() throws IOException {
        Files.writeString(folder.resolve("file"), "hello\n");
        Files.setPosixFilePermissions(folder.resolve("file"), PosixFilePermissions.fromString("rwxr-x--x"));
        Files.createDirectories(folder.resolve("tree/sub"));
        Files.writeString(folder.resolve("tree/sub/x"), "x\n");
        Files.createSymbolicLink(folder.resolve("tree/link"), Path.of("sub/x"));
    }

    @AfterEach
    void removeAll() {
        List<String> ids = engine.run("ps", "-aq").lines();
        if (!ids.isEmpty()) {
            engine.run(Stream.concat(Stream.of("rm", "-f"), ids.stream()).toArray(String[]::new));
        }
    }

    private void running(String... options) {
        // SIGTERM is nothing to pid 1: Podman's `rm -f` would wait ten seconds for each
        Stream<String> words = Stream.of(
                        Stream.of("run", "-d", "--net=host", "--stop-signal=KILL", "--name", "c"),
                        Stream.of(options),
                        Stream.of(busybox(), "sleep", "1000"))
                .flatMap(s -> s);
        engine.run(words.toArray(String[]::new)).succeeded();
        inside("mkdir -p /there /dir; echo old >/there/file");
    }

    private String inside(String script) {
        return engine.run("exec", "c", "sh", "-c", script).succeeded().out();
    }

    private Outcome cp(String from, String to) {
        return engine.command("cp", from, to).directory(folder).run();
    }

    @Test
    void aFileGoesWhereDockersRulesSay() {
        running();
        cp("file", "c:/new").succeeded();
        cp("file", "c:/dir").succeeded();
        cp("file", "c:/dir/").succeeded();
        cp("file", "c:/there/file").succeeded();
        cp("file", "c:relative").succeeded();
        assertThat(inside("cat /new /dir/file /there/file /relative")).isEqualTo("hello\n".repeat(4));
        assertThat(inside("stat -c '%a %u %g' /new")).isEqualTo("751 0 0\n");
        assertThat(cp("file", "c:/none/").exitCode()).isNotZero();
        assertThat(cp("file", "c:/none/x").exitCode()).isNotZero();
        assertThat(cp("none", "c:/x").exitCode()).isNotZero();
        assertThat(cp("file", "nobody:/x").exitCode()).isNotZero();
        assertThat(inside("ls -d /none /x 2>/dev/null || true")).isEmpty();
    }

    @Test
    void aFolderGoesWhereDockersRulesSay() {
        running();
        cp("tree", "c:/made").succeeded();
        cp("tree", "c:/dir").succeeded();
        cp("tree/.", "c:/there").succeeded();
        assertThat(inside("cat /made/sub/x /dir/tree/sub/x /there/sub/x")).isEqualTo("x\n".repeat(3));
        assertThat(inside("readlink /made/link; cat /there/file")).isEqualTo("sub/x\nold\n");
        assertThat(cp("tree", "c:/there/file").exitCode()).isNotZero();
        assertThat(inside("cat /there/file")).isEqualTo("old\n");
    }

    @Test
    void filesComeBack() throws IOException {
        running();
        inside("mkdir -p /d/e; echo 1 >/d/e/f; chmod 640 /d/e/f; ln -s e/f /d/l");
        cp("c:/d", "out").succeeded();
        cp("c:/d", "out").succeeded();
        cp("c:/d/.", "contents").succeeded();
        cp("c:/d/e/f", ".").succeeded();
        for (String path : List.of("out/e/f", "out/d/e/f", "contents/e/f", "f")) {
            assertThat(folder.resolve(path)).hasContent("1\n");
        }
        assertThat(Files.readSymbolicLink(folder.resolve("out/l"))).isEqualTo(Path.of("e/f"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("f"))))
                .isEqualTo("rw-r-----");
        assertThat(cp("c:/none", "x").exitCode()).isNotZero();
        assertThat(folder.resolve("x")).doesNotExist();
    }

    @Test
    void whatIsThereIsReplacedAsAWhole() throws IOException {
        running();
        inside("echo new >/n; : >/empty; ln /there/file /there/same");
        for (String name : List.of("n", "empty")) {
            Files.writeString(folder.resolve(name), "much longer than what comes\n");
            cp("c:/" + name, name).succeeded();
        }
        assertThat(folder.resolve("n")).hasContent("new\n");
        assertThat(folder.resolve("empty")).isEmptyFile();
        cp("file", "c:/there/file").succeeded();
        assertThat(inside("cat /there/file /there/same")).isEqualTo("hello\nold\n");
    }

    @Test
    void aStoppedAndANewContainerHaveFilesToo() {
        running();
        inside("echo kept >/kept");
        engine.run("stop", "-t", "0", "c").succeeded();
        cp("c:/kept", "kept").succeeded();
        assertThat(folder.resolve("kept")).hasContent("kept\n");
        cp("file", "c:/while-stopped").succeeded();
        engine.run("start", "c").succeeded();
        assertThat(inside("cat /while-stopped")).isEqualTo("hello\n");
        engine.run("create", "--name", "new", "--net=host", busybox(), "cat", "/before")
                .succeeded();
        cp("file", "new:/before").succeeded();
        assertThat(engine.run("start", "-a", "new").succeeded().out()).isEqualTo("hello\n");
    }

    @Test
    void whatIsMountedInARunningContainerIsSeen() throws IOException {
        Path bound = Files.createDirectory(folder.resolve("bound"));
        running("--tmpfs", "/scratch", "-v", bound + ":/bound");
        cp("file", "c:/scratch/f").succeeded();
        cp("file", "c:/bound/f").succeeded();
        assertThat(inside("cat /scratch/f /bound/f")).isEqualTo("hello\nhello\n");
        assertThat(bound.resolve("f")).hasContent("hello\n");
    }

    @Test
    void linksOfTheContainerDoNotLeadOut() throws IOException {
        running();
        Path secret = Files.createDirectory(folder.resolve("secret"));
        Files.writeString(secret.resolve("s"), "secret\n");
        inside("mkdir -p /t; ln -s " + secret + " /t/abs; ln -s ../../../../../../.." + secret + " /t/up");
        for (String link : List.of("/t/abs", "/t/up")) {
            assertThat(cp("c:" + link + "/s", "stolen").exitCode()).isNotZero();
            cp("file", "c:" + link + "/planted");
        }
        assertThat(folder.resolve("stolen")).doesNotExist();
        assertThat(secret.resolve("planted")).doesNotExist();
    }

    @Test
    void tarsGoBothWays() throws IOException {
        running();
        List<String> words =
                Stream.concat(engine.prefix().stream(), Stream.of("cp")).toList();
        String cp = String.join(" ", words);
        cp("tree", "c:/t").succeeded();
        // podman writes folders without a slash
        assertThat(shell(cp + " c:/t - | tar -t | sed 's,/$,,' | sort").lines())
                .contains("t", "t/link", "t/sub", "t/sub/x");
        shell("tar -c tree | " + cp + " - c:/dir").succeeded();
        assertThat(inside("cat /dir/tree/sub/x")).isEqualTo("x\n");
        assertThat(shell("tar -c tree | " + cp + " - c:/there/file").exitCode()).isNotZero();
        assertThat(shell("echo no tar at all | " + cp + " - c:/dir").exitCode()).isNotZero();
    }

    private Outcome shell(String script) {
        Program program = Program.of("bash", "-o", "pipefail", "-c", script).directory(folder);
        return engine.isKelp()
                ? program.environment(((dev.kelp.testkit.KelpCli) engine).environment())
                        .run()
                : program.run();
    }

    @org.junit.jupiter.params.ParameterizedTest
    @CsvSource({"file, other", "c:, file", "file, c:"})
    void nonsenseIsRefused(String from, String to) {
        running();
        assertThat(cp(from, to).exitCode()).isNotZero();
    }
}
