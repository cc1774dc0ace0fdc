// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostsLookupTest {
    @TempDir
    Path folder;

    HostsLookup lookup() {
        return new HostsLookup(List.of(folder.toString()), ConfigFiles.under(folder));
    }

    void write(String path, String text) throws Exception {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void builtInRules() {
        RegistryHost hub = HostsLookup.BUILT_IN.hosts("docker.io", false).getFirst();
        assertThat(hub.base()).hasToString("https://registry-1.docker.io/v2");
        assertThat(hub.name()).isEqualTo("docker.io");
        assertThat(hub.alternate()).isEmpty();
        RegistryHost local = HostsLookup.BUILT_IN.hosts("localhost:5000", false).getFirst();
        assertThat(local.base()).hasToString("http://localhost:5000/v2");
        assertThat(local.alternate()).hasValueSatisfying(u -> assertThat(u).hasToString("https://localhost:5000/v2"));
        assertThat(HostsLookup.BUILT_IN.hosts("[::1]:5000", false).getFirst().plainHttpAllowed())
                .isTrue();
        RegistryHost remote = HostsLookup.BUILT_IN.hosts("reg.example", false).getFirst();
        assertThat(remote.plainHttpAllowed()).isFalse();
        RegistryHost insecure = HostsLookup.BUILT_IN.hosts("reg.example", true).getFirst();
        assertThat(insecure.base().getScheme()).isEqualTo("https");
        assertThat(insecure.tls().skipVerify()).isTrue();
        assertThat(insecure.alternate()).isPresent();
        assertThat(HostsLookup.isLoopback("127.0.0.1.evil.example")).isFalse();
    }

    @Test
    void everyKeyIsUnderstood() throws Exception {
        write("reg.example_5000_/ca.pem", "CA");
        write("reg.example_5000_/pair.pem", "PAIR");
        write("reg.example_5000_/k.pem", "KEY");
        write("reg.example_5000_/hosts.toml", """
                server = "https://upstream.example:5000"
                [host."https://one.example/prefix"]
                  capabilities = ["pull"]
                  ca = "ca.pem"
                  client = [["pair.pem", "k.pem"]]
                  dial_timeout = "1m30s"
                  [host."https://one.example/prefix".header]
                    x-one = ["a", "b"]
                    x-two = "c"
                [host."http://two.example"]
                  capabilities = ["pull", "resolve"]
                  override_path = true
                  ca = ["ca.pem"]
                  client = "pair.pem"
                [host."three.example/v2"]
                  skip_verify = true
                """);
        List<RegistryHost> hosts = lookup().hosts("reg.example:5000", false);
        assertThat(hosts)
                .extracting(h -> h.base().toString())
                .containsExactly(
                        "https://one.example/prefix/v2",
                        "http://two.example",
                        "https://three.example/v2",
                        "https://upstream.example:5000/v2");
        RegistryHost one = hosts.getFirst();
        assertThat(one.capabilities()).containsExactly(Capability.PULL);
        assertThat(one.tls().caPem()).containsExactly("CA");
        assertThat(one.tls().clients().getFirst().keyPem()).isEqualTo("KEY");
        assertThat(one.dialTimeout()).contains(Duration.ofSeconds(90));
        assertThat(one.headers()).containsEntry("x-one", List.of("a", "b")).containsEntry("x-two", List.of("c"));
        assertThat(hosts.get(1).plainHttpAllowed()).isTrue();
        assertThat(hosts.get(1).tls().clients().getFirst().certPem()).isEqualTo("PAIR");
        assertThat(hosts.get(2).tls().skipVerify()).isTrue();
        assertThat(hosts.get(3).capabilities()).hasSize(3);
    }

    @Test
    void directoryNamesAndDefault() throws Exception {
        write("_default/hosts.toml", "[host.\"https://mirror.example\"]\n");
        write("a.example:1/hosts.toml", "server = \"https://colon.example\"\n");
        write("b.example_2/hosts.toml", "server = \"https://flat.example\"\n");
        assertThat(lookup().hosts("a.example:1", false))
                .extracting(RegistryHost::name)
                .containsExactly("colon.example");
        assertThat(lookup().hosts("b.example:2", false))
                .extracting(RegistryHost::name)
                .containsExactly("flat.example");
        assertThat(lookup().hosts("docker.io", false))
                .extracting(RegistryHost::name)
                .containsExactly("mirror.example", "docker.io");
    }

    @Test
    void dockersLayoutIsHonoured() throws Exception {
        write("c.example/ca.crt", "CA");
        write("c.example/client.cert", "CERT");
        write("c.example/client.key", "KEY");
        RegistryHost host = lookup().hosts("c.example", false).getFirst();
        assertThat(host.tls().caPem()).containsExactly("CA");
        assertThat(host.tls().clients()).hasSize(1);
        assertThat(host.tls().toString()).doesNotContain("KEY");
    }

    @Test
    void mistakesAreNamedWithTheFile() throws Exception {
        for (String text : List.of(
                "server = 1",
                "host = 3",
                "[host.\"ftp://x\"]",
                "[host.\"https://x\"]\ncapabilities = [\"fly\"]",
                "[host.\"https://x\"]\nca = \"missing.pem\"",
                "[host.\"https://x\"]\ndial_timeout = \"soon\"",
                "[host.\"https://x\".header]\nHost = \"y\"",
                "[host.\"https://x\".header]\nx = \"a\\r\\nb\"",
                "= nonsense")) {
            write("d.example/hosts.toml", text);
            assertThatThrownBy(() -> lookup().hosts("d.example", false))
                    .as(text)
                    .isInstanceOf(KelpException.class)
                    .hasMessageContaining("d.example/hosts.toml`");
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyTextIsReadOrRefused(FuzzedDataProvider data) {
        byte[] toml = data.consumeRemainingAsString().getBytes(StandardCharsets.UTF_8);
        try {
            List<RegistryHost> hosts = new HostsToml("/certs.d/x", "x.example", ConfigFiles.NONE).parse(toml, false);
            if (hosts.isEmpty()) {
                throw new AssertionError("no host at all");
            }
        } catch (KelpException e) {
            if (e.getMessage() == null || !e.getMessage().contains("hosts.toml")) {
                throw new AssertionError(e);
            }
        }
    }
}
