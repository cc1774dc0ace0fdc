// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DockerConfigCredentialsTest {
    static final CredentialHelper NO_HELPER = (name, action, stdin) -> {
        throw new AssertionError("no helper is set up");
    };

    /// Keeps secrets in a map, and speaks the helpers' protocol.
    static final class MapCredentialHelper implements CredentialHelper {
        final Map<String, String> kept = new HashMap<>();
        final List<String> calls = new ArrayList<>();

        @Override
        public Output run(String name, String action, String stdin) {
            calls.add(name + " " + action);
            return switch (action) {
                case "get" ->
                    kept.containsKey(stdin)
                            ? new Output(0, kept.get(stdin))
                            : new Output(1, "credentials not found in native keychain\n");
                case "store" -> {
                    kept.put(stdin.replaceAll(".*\"ServerURL\":\"([^\"]*)\".*", "$1"), stdin);
                    yield new Output(0, "");
                }
                case "erase" ->
                    new Output(kept.remove(stdin) == null ? 1 : 0, "credentials not found in native keychain");
                default -> new Output(1, "unknown action");
            };
        }
    }

    static DockerConfigCredentials of(String json, CredentialHelper helper) {
        return DockerConfigCredentials.parse(json.getBytes(UTF_8), helper);
    }

    @Test
    void entriesOfAllKinds() {
        DockerConfigCredentials c = of("""
                {"auths": {
                  "https://index.docker.io/v1/": {"auth": "YWxpY2U6cGE6c3M="},
                  "https://old.example/v1/": {"username": "bob", "password": "pw"},
                  "token.example": {"auth": "eDo=", "identitytoken": "refresh"},
                  "direct.example:5000": {"registrytoken": "bearer"},
                  "empty.example": {}
                }}""", NO_HELPER);
        assertThat(c.forHost("docker.io")).contains(new Credential.Password("alice", "pa:ss"));
        assertThat(c.forHost("old.example")).contains(new Credential.Password("bob", "pw"));
        assertThat(c.forHost("token.example")).contains(new Credential.IdentityToken("x", "refresh"));
        assertThat(c.forHost("direct.example:5000")).contains(new Credential.RegistryToken("bearer"));
        assertThat(c.forHost("empty.example")).isEmpty();
        assertThat(c.forHost("direct.example")).isEmpty();
        assertThat(c.forHost("docker.io").toString()).doesNotContain("pa:ss");
    }

    @Test
    void loginKeepsUnknownFieldsOrderAndTabs() {
        String before = "{\n\t\"psFormat\": \"table\",\n\t\"auths\": {},\n\t\"list\": [\n\t\t1\n\t]\n}";
        byte[] after = of(before, NO_HELPER).store("reg.example:5000", new Credential.Password("bob", "pw"));
        assertThat(new String(after, UTF_8)).isEqualTo("""
                        {
                        \t"psFormat": "table",
                        \t"auths": {
                        \t\t"reg.example:5000": {
                        \t\t\t"auth": "Ym9iOnB3"
                        \t\t}
                        \t},
                        \t"list": [
                        \t\t1
                        \t]
                        }""");
        DockerConfigCredentials again = DockerConfigCredentials.parse(after, NO_HELPER);
        assertThat(again.forHost("reg.example:5000")).contains(new Credential.Password("bob", "pw"));
        assertThat(again.erase("other.example")).isEmpty();
        assertThat(new String(again.erase("reg.example:5000").orElseThrow(), UTF_8))
                .isEqualTo(before);
    }

    @Test
    void loginToTheHubReplacesOldSpellings() {
        DockerConfigCredentials c = of("{\"auths\":{\"index.docker.io\":{\"auth\":\"YTpi\"}}}", NO_HELPER);
        DockerConfigCredentials after =
                DockerConfigCredentials.parse(c.store("docker.io", new Credential.IdentityToken("", "t")), NO_HELPER);
        assertThat(after.hosts()).containsExactly("https://index.docker.io/v1/");
        assertThat(after.forHost("docker.io")).contains(new Credential.IdentityToken("", "t"));
    }

    @Test
    void helpersKeepTheSecrets() {
        MapCredentialHelper helper = new MapCredentialHelper();
        DockerConfigCredentials c =
                of("{\"credsStore\":\"pass\",\"credHelpers\":{\"special.example\":\"other\"}}", helper);
        assertThat(c.usesHelper("reg.example")).isTrue();
        assertThat(c.forHost("reg.example")).isEmpty();
        String file = new String(c.store("reg.example", new Credential.Password("bob", "top\"secret")), UTF_8);
        assertThat(file).doesNotContain("secret").contains("\"reg.example\": {}");
        assertThat(c.forHost("reg.example")).contains(new Credential.Password("bob", "top\"secret"));
        assertThat(c.forHost("special.example")).isEmpty();
        assertThat(helper.calls).contains("other get", "pass store");
        c.store("docker.io", new Credential.IdentityToken("", "refresh"));
        assertThat(helper.kept).containsKey("https://index.docker.io/v1/");
        assertThat(c.forHost("docker.io")).contains(new Credential.IdentityToken("", "refresh"));
        assertThat(c.erase("reg.example")).isPresent();
        assertThat(c.forHost("reg.example")).isEmpty();
    }

    @Test
    void helpersThatFailAreNamedAndTheirSecretsAreNot() {
        DockerConfigCredentials c =
                of("{\"credsStore\":\"x\"}", (n, a, in) -> new CredentialHelper.Output(3, "locked\u001b[0m"));
        assertThatThrownBy(() -> c.forHost("reg.example"))
                .hasMessageContaining("docker-credential-x get")
                .hasMessageContaining("locked [0m");
        DockerConfigCredentials d =
                of("{\"credsStore\":\"x\"}", (n, a, in) -> new CredentialHelper.Output(0, "secret!"));
        assertThatThrownBy(() -> d.forHost("reg.example"))
                .hasMessageNotContaining("secret!")
                .hasNoCause();
        DockerConfigCredentials e = of("{\"credsStore\":\"../../bin/sh\"}", NO_HELPER);
        assertThatThrownBy(() -> e.forHost("reg.example")).hasMessageContaining("no plain name");
    }

    @Test
    void brokenFilesAreRefusedAndMissingOnesAreEmpty() {
        assertThat(of(" \n", NO_HELPER).forHost("x.example")).isEqualTo(Optional.empty());
        for (String bad : List.of("{", "[]", "3", "{\"auths\":")) {
            assertThatThrownBy(() -> of(bad, NO_HELPER)).isInstanceOf(KelpException.class);
        }
        assertThatThrownBy(() -> of("{\"auths\":{\"x.example\":{\"auth\":\"***\"}}}", NO_HELPER)
                        .forHost("x.example"))
                .hasMessageContaining("not base64");
    }

    @FuzzTest(maxDuration = "30s")
    void anyTextIsReadOrRefused(FuzzedDataProvider data) {
        CredentialHelper none =
                (n, a, in) -> new CredentialHelper.Output(1, "credentials not found in native keychain");
        try {
            DockerConfigCredentials c = of(data.consumeRemainingAsString(), none);
            c.forHost("docker.io");
            Credential.Password p = new Credential.Password("a", "b");
            byte[] after = c.store("fuzz.example", p);
            if (!c.usesHelper("fuzz.example")
                    && !DockerConfigCredentials.parse(after, none)
                            .forHost("fuzz.example")
                            .equals(Optional.of(p))) {
                throw new AssertionError("a stored credential is gone");
            }
        } catch (KelpException e) {
            // refused
        }
    }
}
