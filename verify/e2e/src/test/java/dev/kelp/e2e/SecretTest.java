// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Secrets: containers see them, nothing else shows them.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class SecretTest {
    private static final String DATA = "s3cr3t-not-to-be-seen";

    @Parameter
    Engine engine;

    @TempDir
    Path dir;

    @AfterEach
    void removeAll() {
        engine.run("rm", "-f", "one");
        engine.run("rmi", "-f", "told:1");
        engine.run("secret", "rm", "--all");
    }

    private Outcome create(String... options) throws Exception {
        Path file = Files.writeString(dir.resolve("data"), DATA);
        return engine.run(
                Stream.of(Stream.of("secret", "create"), Stream.of(options), Stream.of("key", file.toString()))
                        .flatMap(s -> s)
                        .toArray(String[]::new));
    }

    private Outcome shell(String script, String... options) {
        return engine.run(Stream.of(
                        Stream.of("run", "--rm", "--net=host"),
                        Stream.of(options),
                        Stream.of(busybox(), "sh", "-c", script))
                .flatMap(s -> s)
                .toArray(String[]::new));
    }

    @Test
    void aSecretIsAFileWithTheOwnerAndModeAskedFor() throws Exception {
        assertThat(create().succeeded().out()).matches("[0-9a-f]{25}\n");
        assertThat(shell("cat /run/secrets/key; stat -c ' %u:%g %a' /run/secrets/key", "--secret", "key")
                        .succeeded()
                        .out())
                .isEqualTo(DATA + " 0:0 444\n");
        assertThat(shell(
                                "cat /run/secrets/other; stat -c ' %u:%g %a' /run/secrets/other",
                                "--secret", "source=key,type=mount,target=other,uid=7,gid=8,mode=0640")
                        .succeeded()
                        .out())
                .isEqualTo(DATA + " 7:8 640\n");
        assertThat(shell("cat /etc/the/key", "--secret", "key,target=/etc/the/key")
                        .succeeded()
                        .out())
                .isEqualTo(DATA);
        if (engine.isKelp()) {
            assertThat(shell("cat /proc/mounts", "--secret", "key").succeeded().out())
                    .contains("/run/secrets/key tmpfs ro");
        }
    }

    @Test
    void aSecretIsAVariable() throws Exception {
        create().succeeded();
        assertThat(shell("echo $key-$TOKEN", "--secret", "key,type=env", "--secret", "key,type=env,target=TOKEN")
                        .succeeded()
                        .out())
                .isEqualTo(DATA + "-" + DATA + "\n");
        assertThat(shell("ls /run/secrets", "--secret", "key,type=env").exitCode())
                .isNotZero();
    }

    @Test
    void nothingShowsIt() throws Exception {
        create("--label", "a=b").succeeded();
        engine.run(
                        "run",
                        "-d",
                        "--stop-signal=KILL",
                        "--name=one",
                        "--net=host",
                        "--secret",
                        "key",
                        "--secret",
                        "key,type=env,target=TOKEN",
                        busybox(),
                        "sleep",
                        "1000")
                .succeeded();
        assertThat(engine.run("exec", "one", "cat", "/run/secrets/key")
                        .succeeded()
                        .out())
                .isEqualTo(DATA);
        for (String[] words : new String[][] {
            {"inspect", "one"},
            {"logs", "one"},
            {"secret", "ls"},
            {"secret", "inspect", "key"},
            {"diff", "one"}
        }) {
            if (!engine.isKelp() && words[0].equals("inspect")) {
                // Podman 4.3 shows variables
                continue;
            }
            assertThat(engine.run(words).succeeded().out())
                    .as(String.join(" ", words))
                    .doesNotContain(DATA);
        }
        engine.run("commit", "one", "told:1").succeeded();
        assertThat(engine.run("inspect", "told:1").succeeded().out()).doesNotContain(DATA);
        Outcome found = shell("grep -rl " + DATA + " /run /etc /var 2>/dev/null");
        assertThat(found.out()).isEmpty();
        assertThat(engine.run(
                                "run",
                                "--rm",
                                "--net=host",
                                "told:1",
                                "sh",
                                "-c",
                                "grep -r " + DATA + " /run /etc 2>/dev/null; env")
                        .succeeded()
                        .out())
                .doesNotContain(DATA);
        assertThat(Program.of("sh", "-c", String.join(" ", engine.prefix()) + " export one | grep -c " + DATA)
                        .environment(engine.environment())
                        .run()
                        .out())
                .isEqualTo("0\n");
    }

    @Test
    void aContainerKeepsWhatItWasMadeWith() throws Exception {
        create().succeeded();
        engine.run("create", "--name=one", "--net=host", "--secret=key", busybox(), "cat", "/run/secrets/key")
                .succeeded();
        engine.run("secret", "rm", "key").succeeded();
        assertThat(engine.run("start", "-a", "one").succeeded().out()).isEqualTo(DATA);
        assertThat(engine.run("start", "-a", "one").succeeded().out()).isEqualTo(DATA);
        assertThat(shell("true", "--secret", "key").expect(125).err()).contains("key");
    }

    @Test
    void listsAndFindsAndRemoves() throws Exception {
        String id =
                create("--label", "a=b", "--driver", "file").succeeded().out().strip();
        assertThat(engine.run("secret", "ls", "--format", "{{.ID}} {{.Name}} {{.Driver}}")
                        .succeeded()
                        .out())
                .isEqualTo(id + " key file\n");
        assertThat(engine.run("secret", "ls").succeeded().out().lines().toList().getFirst())
                .matches("ID +NAME +DRIVER +CREATED +UPDATED *");
        assertThat(engine.run("secret", "ls", "--filter", "name=nope", "-q")
                        .succeeded()
                        .out())
                .isEmpty();
        assertThat(engine.run("secret", "inspect", "--format", "{{.Spec.Name}} {{.Spec.Driver.Name}}", id)
                        .succeeded()
                        .out())
                .isEqualTo("key file\n");
        assertThat(create().expect(125).err()).contains("secret name in use");
        assertThat(engine.run("secret", "rm", "key").succeeded().out()).isEqualTo(id + "\n");
        assertThat(engine.run("secret", "rm", "key").exitCode()).isNotZero();
        assertThat(engine.run("secret", "inspect", "key").exitCode()).isNotZero();
    }

    @Test
    void fromStandardInputAndFromAVariable() {
        String words = String.join(" ", engine.prefix());
        Program.of("sh", "-c", "printf piped | " + words + " secret create piped -")
                .environment(engine.environment())
                .run()
                .succeeded();
        Program.of("sh", "-c", "PW=fromenv " + words + " secret create --env named PW")
                .environment(engine.environment())
                .run()
                .succeeded();
        assertThat(shell("cat /run/secrets/piped /run/secrets/named", "--secret=piped", "--secret=named")
                        .succeeded()
                        .out())
                .isEqualTo("pipedfromenv");
    }

    @Test
    void whatIsWrongIsRefused() throws Exception {
        assertThat(engine.run("secret", "create", "a/b", "/etc/hostname").exitCode())
                .isEqualTo(125);
        assertThat(engine.run("secret", "create", "none", dir.resolve("missing").toString())
                        .exitCode())
                .isEqualTo(125);
        Path empty = Files.createFile(dir.resolve("empty"));
        assertThat(engine.run("secret", "create", "empty", empty.toString())
                        .expect(125)
                        .err())
                .contains("512000");
        Path large = Files.write(dir.resolve("large"), new byte[512_000]);
        assertThat(engine.run("secret", "create", "large", large.toString())
                        .expect(125)
                        .err())
                .contains("512000");
        create().succeeded();
        for (String word :
                new String[] {"nope", "key,type=x", "key,mode=9", "key,uid=x", "key,type=env,mode=444", "key,x=y"}) {
            shell("true", "--secret", word).expect(125);
        }
    }

    @Test
    void replacingAndAsking() throws Exception {
        assumeTrue(engine.isKelp(), "Podman 4.3 has neither");
        create().succeeded();
        create("--replace").succeeded();
        assertThat(engine.run("secret", "ls", "-q").succeeded().lines()).hasSize(1);
        engine.run("secret", "exists", "key").expect(0);
        engine.run("secret", "exists", "nope").expect(1);
        assertThat(shell("cat /run/secrets/key; stat -c ' %u' /run/secrets/key", "--userns=auto", "--secret=key")
                        .succeeded()
                        .out())
                .isEqualTo(DATA + " 0\n");
    }
}
