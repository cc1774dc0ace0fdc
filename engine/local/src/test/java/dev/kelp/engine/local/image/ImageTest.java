// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Images.LoginOptions;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Images.PushOptions;
import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.Images.Removal;
import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.image.LayoutBuilder.Layer;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Names, ids, removal, push and login.
class ImageTest {
    @TempDir
    Path folder;

    private TestEngine engine;
    private LayoutBuilder builder;
    private int made;

    @BeforeEach
    void open() throws Exception {
        engine = new TestEngine(folder.resolve("data"));
        builder = new LayoutBuilder(folder.resolve("layout"));
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private Descriptor load(Descriptor top, String name) throws Exception {
        builder.tag(top, name);
        Path tar = folder.resolve("layout.tar");
        Programs.run(
                folder, "tar", "-cf", tar.toString(), "-C", builder.folder().toString(), ".");
        try (InputStream in = Files.newInputStream(tar)) {
            engine.images.load(in, LoadOptions.DEFAULT, Progress.NONE);
        }
        return top;
    }

    private Descriptor image(String name) throws Exception {
        Layer layer = builder.randomLayer("f" + made, ++made, 1000);
        return load(builder.manifest(Platform.host(), List.of(layer)), name);
    }

    private static void assertKind(ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    private void container(String id, Descriptor manifest) {
        engine.database.write(c -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO containers"
                    + " (namespace, id, name, phase, created, definition, run)"
                    + " VALUES ('default', ?, ?, 'EXITED', 0, ?, ?)")) {
                s.setString(1, id);
                s.setString(2, id);
                String json = "{\"imageDigest\":\"" + manifest.digest() + "\"}";
                s.setBytes(3, json.getBytes(StandardCharsets.UTF_8));
                s.setBytes(4, "{}".getBytes(StandardCharsets.UTF_8));
                return s.executeUpdate();
            }
        });
    }

    @Test
    void isFoundByNameDigestAndIds() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        image("docker.io/library/b:1");
        String config =
                engine.images.inspect("a:1", null).platform().configDigest().hex();
        for (String typed : List.of(
                "a:1",
                "docker.io/library/a:1",
                "a@" + a.digest(),
                a.digest().toString(),
                a.digest().hex(),
                a.digest().shortHex(),
                config,
                "sha256:" + config.substring(0, 20))) {
            assertThat(engine.images.find(typed).orElseThrow().target().digest())
                    .as(typed)
                    .isEqualTo(a.digest());
        }
        assertThat(engine.images.find("c")).isEmpty();
        assertThat(engine.images.find("a")).as("that is a:latest").isEmpty();
        assertKind(ErrorKind.NOT_FOUND, () -> engine.images.inspect("c", null));
        assertKind(ErrorKind.INVALID_ARGUMENT, () -> engine.images.find("A:B:C"));
    }

    @Test
    void ambiguousIdsAreRefusedAndNamesWinOverIds() throws Exception {
        String first = image("docker.io/library/i0:1").digest().hex().substring(0, 1);
        while (engine.images.list().stream()
                        .filter(i -> i.target().digest().hex().startsWith(first))
                        .count()
                < 2) {
            image("docker.io/library/i" + made + ":1");
        }
        assertThatThrownBy(() -> engine.images.find(first)).hasMessageContaining("ambiguous");
        engine.images.tag("i0:1", Reference.parse(first));
        assertThat(engine.images.find(first).orElseThrow().target().digest().hex())
                .startsWith(first);
    }

    @Test
    void anIdOfOnePlatformMeansThatPlatform() throws Exception {
        Platform other = new Platform("linux", "s390x", null);
        Map<Platform, Descriptor> both = new LinkedHashMap<>();
        both.put(other, builder.manifest(other, List.of(builder.randomLayer("z", 99, 1000))));
        both.put(Platform.host(), builder.manifest(Platform.host(), List.of(builder.randomLayer("y", 98, 1000))));
        load(builder.index(both), "docker.io/library/m:1");
        String id = both.get(other).digest().shortHex();
        assertThat(engine.images.inspect(id, null).platform().platform()).isEqualTo(other);
        assertThat(engine.images.inspect("m:1", null).platform().platform()).isEqualTo(Platform.host());
        assertThat(engine.images.inspect("m:1", other).platform().platform()).isEqualTo(other);
        engine.images.tag(id, Reference.parse("only:1"));
        assertThat(engine.images.find("only:1").orElseThrow().target().digest())
                .isEqualTo(both.get(other).digest());
    }

    @Test
    void removesNamesAndWithTheLastOneTheContent() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        engine.images.tag("a:1", Reference.parse("a:2"));
        assertThat(engine.images.remove("a:1", false)).isEqualTo(new Removal(List.of("a:1"), List.of()));
        assertThat(engine.images.remove("a:2", false)).isEqualTo(new Removal(List.of("a:2"), List.of(a.digest())));
        assertThat(engine.content.list()).isEmpty();
        assertThat(engine.snapshots()).isEmpty();
        assertKind(ErrorKind.NOT_FOUND, () -> engine.images.remove("a:2", false));
    }

    @Test
    void anIdStandsForAllNames() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        engine.images.tag("a:1", Reference.parse("b:1"));
        assertKind(ErrorKind.CONFLICT, () -> engine.images.remove(a.digest().shortHex(), false));
        Removal all = engine.images.remove(a.digest().shortHex(), true);
        assertThat(all.untagged()).containsExactlyInAnyOrder("a:1", "b:1");
        assertThat(all.deleted()).containsExactly(a.digest());
    }

    @Test
    void whatAContainerUsesStays() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        engine.images.tag("a:1", Reference.parse("a:2"));
        container("c".repeat(64), a);
        assertThat(engine.images.remove("a:2", false).deleted()).isEmpty();
        assertThatThrownBy(() -> engine.images.remove("a:1", false)).hasMessageContaining("cccccccccccc uses it");
        assertThat(engine.images.remove("a:1", true)).isEqualTo(new Removal(List.of("a:1"), List.of()));
        assertThat(engine.images.list()).isEmpty();
        assertThat(engine.content.find(a.digest())).isPresent();
        assertThat(engine.snapshots()).hasSize(1);
    }

    @Test
    void taggingOverANameLeavesTheOtherDangling() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        Descriptor b = image("docker.io/library/b:1");
        engine.images.tag("b:1", Reference.parse("a:1"));
        Image dangling = engine.images.list().stream()
                .filter(i -> i.reference().isEmpty())
                .findFirst()
                .orElseThrow();
        assertThat(dangling.target().digest()).isEqualTo(a.digest());
        assertThat(engine.images.remove(a.digest().shortHex(), false).deleted()).containsExactly(a.digest());
        assertThat(engine.images.find("a:1").orElseThrow().target().digest()).isEqualTo(b.digest());
        assertKind(ErrorKind.INVALID_ARGUMENT, () -> engine.images.tag("b:1", Reference.parse("x@" + a.digest())));
    }

    @Test
    void pushesAndMountsFromAnotherRepository() throws Exception {
        try (TestRegistry registry = TestRegistry.start(folder.resolve("registry"))) {
            TestUser user = new TestUser(folder.resolve("user"));
            Descriptor a = image("docker.io/library/a:1");
            Reference one = Reference.parse(registry.host() + "/one:1");
            Reference two = Reference.parse(registry.host() + "/two:1");
            engine.images.tag("a:1", one);
            engine.images.tag("a:1", two);
            PushOptions options = new PushOptions(List.of(), false, false, RegistryOptions.DEFAULT);
            engine.images.push(one, options, user, engine.progress());
            String layer = "layer-"
                    + engine.images
                            .inspect("a:1", null)
                            .manifest()
                            .layers()
                            .getFirst()
                            .digest();
            assertThat(engine.states(layer)).startsWith(State.WAITING).endsWith(State.DONE);
            engine.updates.clear();
            engine.images.push(two, options, user, engine.progress());
            assertThat(engine.states(layer)).as("taken over").containsExactly(State.WAITING, State.EXISTS);
            try (TestEngine other = new TestEngine(folder.resolve("other"))) {
                assertThat(other.images
                                .pull(two, PullOptions.DEFAULT, user, Progress.NONE)
                                .target()
                                .digest())
                        .isEqualTo(a.digest());
            }
            assertKind(
                    ErrorKind.NOT_FOUND,
                    () -> engine.images.push(
                            Reference.parse(registry.host() + "/three:1"), options, user, Progress.NONE));
        }
    }

    @Test
    void pushesAnIndexOnlyWhenAllOfItIsHere() throws Exception {
        try (TestRegistry registry = TestRegistry.start(folder.resolve("registry"))) {
            TestUser user = new TestUser(folder.resolve("user"));
            Platform other = new Platform("linux", "s390x", null);
            Map<Platform, Descriptor> both = new LinkedHashMap<>();
            both.put(other, builder.manifest(other, List.of(builder.randomLayer("z", 99, 1000))));
            both.put(Platform.host(), builder.manifest(Platform.host(), List.of(builder.randomLayer("y", 98, 1000))));
            Descriptor index = load(builder.index(both), "docker.io/library/m:1");
            Reference whole = Reference.parse(registry.host() + "/m:whole");
            Reference part = Reference.parse(registry.host() + "/m:part");
            engine.images.tag("m:1", whole);
            PushOptions options = new PushOptions(List.of(), false, false, RegistryOptions.DEFAULT);
            engine.images.push(whole, options, user, Progress.NONE);
            try (TestEngine second = new TestEngine(folder.resolve("second"))) {
                assertThat(second.images
                                .pull(whole, PullOptions.DEFAULT, user, Progress.NONE)
                                .target()
                                .digest())
                        .isEqualTo(index.digest());
                second.images.tag(whole.familiar(), part);
                assertKind(
                        ErrorKind.NOT_FOUND,
                        () -> second.images.push(
                                part,
                                new PushOptions(List.of(), true, false, RegistryOptions.DEFAULT),
                                user,
                                Progress.NONE));
                second.images.push(part, options, user, Progress.NONE);
                assertThat(second.images
                                .pull(part, PullOptions.DEFAULT, user, Progress.NONE)
                                .target()
                                .digest())
                        .as("only this platform's manifest")
                        .isEqualTo(both.get(Platform.host()).digest());
            }
        }
    }

    @Test
    void loginKeepsCredentialsWhereDockerDoes() throws Exception {
        try (TestRegistry registry = TestRegistry.start(folder.resolve("registry"))) {
            TestUser user = new TestUser(folder.resolve("user"));
            user.variables.put("DOCKER_CONFIG", "/cfg");
            List<String> lines = engine.images.login(
                    new LoginOptions(registry.host(), "me", "secret", RegistryOptions.DEFAULT), user);
            assertThat(lines).last().isEqualTo("Login Succeeded");
            assertThat(user.path("/cfg/config.json")).content().contains(registry.host(), "auth");
            assertThat(engine.images.logout("http://" + registry.host() + "/", user))
                    .containsExactly("Removing login credentials for " + registry.host());
            assertThat(user.path("/cfg/config.json")).content().doesNotContain(registry.host());
            assertThat(engine.images.logout(registry.host(), user))
                    .containsExactly("Not logged in to " + registry.host());
        }
    }

    @Test
    void namespacesShareContentButNotNames() throws Exception {
        Descriptor a = image("docker.io/library/a:1");
        LocalImages other = engine.service.images("other");
        assertThat(other.find("a:1")).isEmpty();
        assertThat(other.list()).isEmpty();
        assertThat(engine.images.base("a:1", null, null).digest()).isEqualTo(a.digest());
    }
}
