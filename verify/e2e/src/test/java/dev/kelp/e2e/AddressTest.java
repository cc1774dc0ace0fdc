// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `--address` and CONTAINERD_ADDRESS of a user with an engine of his own and of somebody with another one.
@Tag("e2e")
class AddressTest {
    @TempDir
    private Path folder;

    private KelpCli other;
    private Path link;

    @BeforeEach
    void open() throws IOException {
        Launcher.requireOrdinaryUser();
        other = new KelpCli();
        other.run("network", "create", "theirs").succeeded();
        link = folder.resolve("containerd.sock");
        Files.createSymbolicLink(link, other.runRoot().resolve("kelp.sock"));
        Files.createDirectories(folder.resolve("run"));
        // what is ours
        kelp(Map.of(), "network", "create", "own").succeeded();
    }

    @AfterEach
    void close() {
        if (other != null) {
            kelp(Map.of(), "system", "stop").succeeded();
            other.close();
        }
    }

    /// With folders where Kelp looks for them itself.
    private Outcome kelp(Map<String, String> more, String... words) {
        return program("kelp", more, words);
    }

    private Outcome program(String name, Map<String, String> more, String... words) {
        Map<String, String> variables = new HashMap<>(Map.of(
                "KELP_DATA_ROOT", "",
                "KELP_RUN_ROOT", "",
                "HOME", folder.toString(),
                "XDG_DATA_HOME", folder.resolve("data").toString(),
                "XDG_RUNTIME_DIR", folder.resolve("run").toString(),
                "CONTAINERD_ADDRESS", "",
                "CONTAINERD_NAMESPACE", "",
                "CONTAINERD_SNAPSHOTTER", ""));
        variables.putAll(more);
        List<String> all = Stream.concat(
                        Stream.of(other.binary().resolveSibling(name).toString()), Stream.of(words))
                .toList();
        return Program.of(all).environment(variables).run();
    }

    private static final String[] NETWORKS = {"network", "ls", "--format", "{{.Name}}"};

    private Outcome networks(String... flags) {
        return kelp(
                Map.of(), Stream.concat(Stream.of(flags), Stream.of(NETWORKS)).toArray(String[]::new));
    }

    @Test
    void aFlagLeadsToTheEngineThatIsThere() {
        assertThat(networks().succeeded().lines()).contains("own").doesNotContain("theirs");
        String socket = other.runRoot().resolve("kelp.sock").toString();
        for (String address : List.of(socket, "unix://" + socket, link.toString())) {
            assertThat(networks("--address", address).succeeded().lines())
                    .contains("theirs")
                    .doesNotContain("own");
        }
        assertThat(networks("-H", "unix://" + link).succeeded().lines()).contains("theirs");
        assertThat(kelp(Map.of(), "network", "ls", "--address=" + link, "-q", "--no-trunc")
                        .succeeded()
                        .lines())
                .isEqualTo(other.run("network", "ls", "-q", "--no-trunc").lines());
        // input and output are the user's all the same
        assertThat(Program.of(
                                "sh",
                                "-c",
                                "echo words | \"$0\" -a \"$1\" secret create file - && \"$0\" -a \"$1\" secret ls",
                                other.binary().toString(),
                                link.toString())
                        .environment(Map.of(
                                "KELP_DATA_ROOT",
                                "",
                                "KELP_RUN_ROOT",
                                "",
                                "XDG_DATA_HOME",
                                folder.resolve("data").toString(),
                                "XDG_RUNTIME_DIR",
                                folder.resolve("run").toString()))
                        .run()
                        .succeeded()
                        .out())
                .contains("file");
        assertThat(other.run("secret", "ls").succeeded().out()).contains("file");
        String own = folder.resolve("run/kelp/kelp.sock").toString();
        assertThat(networks("-a", own).succeeded().lines()).contains("own");
    }

    @Test
    void anAddressOfNoEngineIsAnError() throws IOException {
        assertThat(networks("-a", "/no/such.sock").expect(125).err())
                .contains("use the engine at /no/such.sock: no such file", "hint: ");
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(networks("--address", file.toString()).expect(125).err()).contains("it is not Kelp's");
        assertThat(kelp(Map.of(), "ctr", "-a", file.toString(), "containers", "ls")
                        .expect(125)
                        .err())
                .contains("it is not Kelp's");
        other.run("system", "stop").succeeded();
        assertThat(networks("-a", link.toString()).expect(125).err())
                .contains("connect to the engine at " + link, "hint: ");
        assertThat(other.run("system", "status").out()).contains("not running");
        // a variable that can be nobody else's
        Map<String, String> variable = Map.of("CONTAINERD_ADDRESS", link.toString());
        assertThat(kelp(variable, NETWORKS).expect(125).err()).contains("connect to the engine at " + link);
        assertThat(kelp(variable, "system", "stop").err()).isEmpty();
        assertThat(networks().succeeded().lines()).contains("own");
    }

    @Test
    void aVariableLeadsToOneOfKelpsAndHasNoEffectElse() throws IOException {
        assertThat(kelp(Map.of("CONTAINERD_ADDRESS", link.toString()), NETWORKS)
                        .succeeded()
                        .lines())
                .contains("theirs");
        for (String another : List.of(
                "/no/such.sock", Files.createFile(folder.resolve("file")).toString())) {
            Map<String, String> variable = Map.of("CONTAINERD_ADDRESS", another);
            Outcome quiet = kelp(variable, NETWORKS).succeeded();
            assertThat(quiet.lines()).contains("own");
            assertThat(quiet.err()).isEmpty();
            assertThat(program("nerdctl", variable, NETWORKS).succeeded().err())
                    .contains("CONTAINERD_ADDRESS has no effect");
            // the flag is said last
            assertThat(kelp(
                                    variable,
                                    Stream.concat(Stream.of("-a", link.toString()), Stream.of(NETWORKS))
                                            .toArray(String[]::new))
                            .succeeded()
                            .lines())
                    .contains("theirs");
        }
    }
}
