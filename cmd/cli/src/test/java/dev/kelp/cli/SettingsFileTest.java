// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.cli.ClientContext.ElsewhereException;
import dev.kelp.cli.shell.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsFileTest {
    private final FakeEngine engine = new FakeEngine();

    @TempDir
    private Path home;

    private FakeClient client;

    private int kelp(Map<String, String> variables, String words) {
        client = new FakeClient(home, words.split(" "));
        client.variables.put("HOME", home.toString());
        client.variables.putAll(variables);
        return Shell.execute(client, engine);
    }

    private void write(String path, String text) throws IOException {
        Path file = home.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void flagThenEnvironmentThenFileThenDefault() throws IOException {
        write(".config/nerdctl/nerdctl.toml", "namespace = \"file\"\n");
        kelp(Map.of(), "create --name a img");
        kelp(Map.of("CONTAINERD_NAMESPACE", "variable"), "create --name b img");
        kelp(Map.of("CONTAINERD_NAMESPACE", "variable"), "-n flag create --name c img");
        kelp(Map.of("NERDCTL_TOML", ""), "create --name d img");
        assertThat(engine.namespaces.get("file").containers.only().name).isEqualTo("a");
        assertThat(engine.namespaces.get("variable").containers.only().name).isEqualTo("b");
        assertThat(engine.namespaces.get("flag").containers.only().name).isEqualTo("c");
        assertThat(engine.namespaces.get("default").containers.only().name).isEqualTo("d");
    }

    @Test
    void kelpsOwnFileCountsMoreAndNerdctlTomlNamesAnother() throws IOException {
        write(".config/nerdctl/nerdctl.toml", "namespace = \"nerdctl\"\ndebug = true\n");
        write(".config/kelp/kelp.toml", "namespace = \"own\"\n");
        write("elsewhere/kelp/kelp.toml", "namespace = \"xdg\"\n");
        write("other.toml", "namespace = \"other\"\n");
        kelp(Map.of(), "create --name a img");
        kelp(Map.of("XDG_CONFIG_HOME", home + "/elsewhere"), "create --name b img");
        kelp(Map.of("NERDCTL_TOML", home + "/other.toml"), "create --name c img");
        assertThat(engine.namespaces).containsKeys("own", "xdg", "other").doesNotContainKey("nerdctl");
        kelp(Map.of(), "stop none");
        assertThat(client.errText())
                .as("debug of the other file")
                .contains("no such container: none", "\tat dev.kelp.");
    }

    @Test
    void whatOnlyAFileCanSayReachesTheContainer() throws IOException {
        write(".config/kelp/kelp.toml", """
            dns = ["9.9.9.9", "8.8.8.8"]
            dns_search = ["example.test"]
            dns_opts = ["ndots:1"]
            host_gateway_ip = "10.9.8.7"
            disable_hc_systemd = true
            """);
        assertThat(kelp(Map.of(), "create --name a --add-host me:host-gateway img"))
                .isZero();
        var isolation = engine.containers().only().spec.isolation();
        assertThat(isolation.dns()).containsExactly("9.9.9.9", "8.8.8.8");
        assertThat(isolation.dnsSearch()).containsExactly("example.test");
        assertThat(isolation.dnsOptions()).containsExactly("ndots:1");
        assertThat(isolation.extraHosts()).containsExactly("me:10.9.8.7");
        kelp(Map.of(), "rm a");
        kelp(Map.of(), "create --name a --dns 1.1.1.1 img");
        assertThat(engine.containers().only().spec.isolation().dns()).containsExactly("1.1.1.1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            |       |                                                              |
            | true  |                                                              | kelp/network-accel-default=true
            | false |                                                              |
            true | | | kelp/network-accel-default=true
            true | false |                                                         |
            | | --network-accel                                                    | nerdctl/bypass4netns=true
            | | --network-accel=false                                              | nerdctl/bypass4netns=false
            | | --network-accel=true --annotation nerdctl/bypass4netns=false       | nerdctl/bypass4netns=true
            | | --annotation nerdctl/bypass4netns=true                             | nerdctl/bypass4netns=true
            """)
    void networkAccelerationIsAskedForByFlagEnvironmentOrFile(String file, String variable, String flags, String said)
            throws IOException {
        if (file != null) {
            write(".config/kelp/kelp.toml", "network_accel = " + file + "\n");
        }
        Map<String, String> variables = variable == null ? Map.of() : Map.of("KELP_NETWORK_ACCEL", variable);
        assertThat(kelp(variables, "create --name a " + (flags == null ? "" : flags + " ") + "img"))
                .isZero();
        Map<String, String> annotations = engine.containers().only().spec.annotations();
        assertThat(annotations).isEqualTo(said == null ? Map.of() : Map.of(said.split("=")[0], said.split("=")[1]));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            debug = true\\nnamespce = "x"  | 2 | 1 | unknown key `namespce` | did you mean `namespace`?
            debug = true\\n [plugins]      | 2 | 3 | unknown key `plugins`  |
            "debug" = "yes"               | 1 | 1 | `debug` must be true or false |
            namespace = 3                 | 1 | 1 | `namespace` must be a string  |
            hosts_dir = ["/a", 1]         | 1 | 1 | `hosts_dir` must be a list of at most 64 strings |
            dns = "9.9.9.9"               | 1 | 1 | `dns` must be a list of at most 64 strings |
            cgroup_manager = "x"          | 1 | 1 | unknown cgroup manager `x` |
            """)
    void sayWhatIsWrongAndWhere(String text, int line, int column, String error, String hint) throws IOException {
        write(".config/kelp/kelp.toml", text.replace("\\n", "\n"));
        assertThat(kelp(Map.of(), "ps")).isEqualTo(1);
        String path = home + "/.config/kelp/kelp.toml";
        assertThat(client.errText())
                .startsWith("kelp: error: `" + path + "`, line " + line + ", column " + column + ": " + error + "\n")
                .contains(hint == null ? "" : "kelp: hint: " + hint + "\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"debug = \n", "x = 1e99999999999", "[[", "a = \"\\q\"", "\u0000", "debug=true\ndebug=true\n"})
    void brokenTomlNamesTheFile(String text) throws IOException {
        write(".config/kelp/kelp.toml", text);
        assertThat(kelp(Map.of(), "ps")).isEqualTo(1);
        assertThat(client.errText()).contains("kelp.toml`, line ").doesNotContain("internal error");
        assertThat(kelp(Map.of(), "ps --help")).as("help needs no settings").isZero();
    }

    @Test
    void warnsOfKeysWithoutEffect() throws IOException {
        write(".config/nerdctl/nerdctl.toml", """
            address = "/run/containerd/containerd.sock"
            cni_path = "/opt/cni/bin"
            data_root = "/data"
            selinux_enabled = false
            experimental = true
            """);
        write(".config/kelp/kelp.toml", "bridge_ip = \"10.9.9.1/24\"\n");
        assertThat(kelp(Map.of(), "ps -q")).isZero();
        assertThat(client.errText().lines())
                .containsExactly(
                        "kelp: warning: `address` in " + home + "/.config/nerdctl/nerdctl.toml has no effect",
                        "kelp: warning: `bridge_ip` in " + home + "/.config/kelp/kelp.toml has no effect");
        write(".config/nerdctl/nerdctl.toml", "address = \"unix:///run/kelp/kelp.sock\"\ncni_path = \"\"\n");
        write(".config/kelp/kelp.toml", "");
        assertThat(kelp(Map.of(), "ps -q")).isZero();
        assertThat(client.errText()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -H ssh://box ps            | 1 | error: cannot use the engine at `ssh://box`: not on this machine
            --host tcp://1.2.3.4:1 ps  | 1 | error: cannot use the engine at `tcp://1.2.3.4:1`: not on this machine
            -a /run/kelp/kelp.sock ps  | 0 |
            ps --address unix:///run/kelp/kelp.sock | 0 |
            --cni-path /opt ps         | 0 |
            ps --bridge-ip 10.1.1.1/24 | 0 | warning: --bridge-ip has no effect
            --selinux-enabled ps       | 0 | warning: --selinux-enabled has no effect
            --data-root /nowhere ps    | 1 | error: the data root in use is
            --cgroup-manager none ps   | 0 |
            --best-effort-limits ps    | 0 |
            --experimental ps          | 0 |
            """)
    void saysWhatHasNoEffect(String words, int code, String text) {
        assertThat(kelp(Map.of("CNI_PATH", "/x", "CONTAINERD_ADDRESS", "/y"), words))
                .isEqualTo(code);
        if (text == null) {
            assertThat(client.errText()).isEmpty();
        } else {
            assertThat(client.errText()).startsWith("kelp: " + text);
        }
    }

    @Test
    void anAddressLeadsToTheEngineThatIsThere() {
        assertThatThrownBy(() -> kelp(Map.of(), "-a /run/other.sock ps"))
                .isInstanceOfSatisfying(
                        ElsewhereException.class, e -> assertThat(e.address()).isEqualTo("/run/other.sock"));
        assertThatThrownBy(() -> kelp(Map.of(), "ps --host unix://other.sock"))
                .isInstanceOfSatisfying(
                        ElsewhereException.class,
                        e -> assertThat(e.address()).endsWith("/other.sock").startsWith("/"));
        assertThatThrownBy(() -> kelp(Map.of(), "ctr -a /run/other.sock images ls"))
                .isInstanceOf(ElsewhereException.class);
    }

    /// It is another containerd's, perhaps, and has no effect on Kelp.
    @Test
    void aVariableForContainerdIsToldToWhoCallsItsClient() {
        Map<String, String> variables = Map.of("CONTAINERD_ADDRESS", "/run/other.sock");
        assertThat(kelp(variables, "ps")).isZero();
        assertThat(client.errText()).isEmpty();
        assertThat(as("nerdctl", variables, "ps")).isZero();
        assertThat(client.errText()).contains("CONTAINERD_ADDRESS has no effect", "/run/other.sock");
        assertThat(as("nerdctl", Map.of("CONTAINERD_ADDRESS", "/run/kelp/kelp.sock"), "ps"))
                .isZero();
        assertThat(client.errText()).isEmpty();
    }

    private int as(String program, Map<String, String> variables, String words) {
        client = new FakeClient(home, words.split(" "));
        client.program = program;
        client.variables.putAll(variables);
        return Shell.execute(client, engine);
    }
}
