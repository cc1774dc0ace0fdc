// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Images.PushOptions;
import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.ManifestLists;
import dev.kelp.engine.ManifestLists.Annotation;
import dev.kelp.engine.ManifestLists.Entry;
import dev.kelp.engine.Progress;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.OciJson;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestListTest {
    private static final Platform S390X = new Platform("linux", "s390x", null);
    private static final Platform RISCV = new Platform("linux", "riscv64", null);

    @TempDir
    static Path shared;

    private static TestRegistry registry;
    private static TestRegistry elsewhere;
    private static Descriptor one;
    private static Descriptor two;

    @TempDir
    Path folder;

    private TestEngine engine;
    private TestUser user;
    private ManifestLists lists;

    @BeforeAll
    static void publish() throws Exception {
        registry = TestRegistry.start(shared.resolve("registry"));
        elsewhere = TestRegistry.start(shared.resolve("elsewhere"));
        LayoutBuilder builder = new LayoutBuilder(shared.resolve("layout"));
        one = builder.manifest(Platform.host(), List.of(builder.randomLayer("one", 1, 5_000)));
        two = builder.manifest(S390X, List.of(builder.randomLayer("two", 2, 5_000)));
        Map<Platform, Descriptor> index = new LinkedHashMap<>();
        index.put(RISCV, builder.manifest(RISCV, List.of(builder.randomLayer("three", 3, 5_000))));
        builder.push(one, registry.host() + "/app:one");
        builder.push(two, elsewhere.host() + "/app:two");
        builder.push(builder.index(index), registry.host() + "/app:index");
    }

    @AfterAll
    static void stop() {
        registry.close();
        elsewhere.close();
    }

    @BeforeEach
    void open() {
        engine = new TestEngine(folder.resolve("data"));
        user = new TestUser(folder.resolve("user"));
        lists = engine.service.manifestLists("default");
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static Reference here(String name) {
        return Reference.parse(registry.host() + "/" + name);
    }

    private void create(Reference list, boolean amend, String... images) {
        lists.create(list, new ManifestLists.NewList(List.of(images), amend, RegistryOptions.DEFAULT), user);
    }

    private static void assertKind(ErrorKind kind, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    @Test
    void isMadeOfImagesOfTwoRegistriesAndPulledForEachPlatform() {
        Reference list = here("all:1");
        create(
                list,
                false,
                here("app:one").toString(),
                elsewhere.host() + "/app:two",
                here("app:index").toString());
        // what only a list names outlives a collection
        engine.collector.collect();
        Digest digest = lists.push(list, RegistryOptions.DEFAULT, user, Progress.NONE);
        assertThat(lists.names()).containsExactly(list);
        for (Platform p : List.of(Platform.host(), S390X, RISCV)) {
            Image pulled = engine.images.pull(
                    list, new PullOptions(List.of(p), false, true, null, RegistryOptions.DEFAULT), user, Progress.NONE);
            assertThat(pulled.target().digest()).isEqualTo(digest);
            assertThat(engine.images.inspect(list.toString(), p).config().platform())
                    .isEqualTo(p);
        }
        assertThat(lists.remove(list)).isTrue();
        assertThat(lists.remove(list)).isFalse();
        assertThat(lists.find(list)).isEmpty();
    }

    @Test
    void amendsAndAnnotates() {
        Reference list = here("all:2");
        String image = here("app:one").toString();
        create(list, false, image);
        assertKind(ErrorKind.ALREADY_EXISTS, () -> create(list, false, elsewhere.host() + "/app:two"));
        create(list, true, elsewhere.host() + "/app:two", image);
        List<Entry> entries = lists.find(list).orElseThrow().entries();
        assertThat(entries).extracting(e -> e.descriptor().digest()).containsExactly(two.digest(), one.digest());
        lists.annotate(list, image, new Annotation("linux", "arm", "v6", "10.0", List.of("a", "b")));
        lists.annotate(list, image, new Annotation(null, null, null, null, List.of("b", "c")));
        Entry changed = lists.find(list).orElseThrow().entries().getLast();
        assertThat(changed.descriptor().platform()).isEqualTo(new Platform("linux", "arm", "v6"));
        assertThat(changed.osFeatures()).containsExactly("a", "b", "c");
        String document =
                new String(lists.find(list).orElseThrow().document(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(document).contains("\"os.version\":\"10.0\"", "\"os.features\":[\"a\",\"b\",\"c\"]");
        assertKind(
                ErrorKind.NOT_FOUND,
                () -> lists.annotate(list, "nobody:1", new Annotation("linux", null, null, null, List.of())));
        assertKind(
                ErrorKind.NOT_FOUND,
                () -> lists.annotate(here("none:1"), image, new Annotation("linux", null, null, null, List.of())));
    }

    @Test
    void takesAnImageThatIsOnlyHere() throws Exception {
        Reference mine = here("mine:1");
        engine.images.pull(here("app:one"), PullOptions.DEFAULT, user, Progress.NONE);
        engine.images.tag(here("app:one").toString(), mine);
        Reference list = here("mine:all");
        create(list, false, mine.toString());
        lists.push(list, RegistryOptions.DEFAULT, user, Progress.NONE);
        assertThat(engine.images.remoteTags(mine, RegistryOptions.DEFAULT, user))
                .containsExactly("all");
        assertKind(
                ErrorKind.NOT_FOUND,
                () -> create(here("x:1"), false, here("nothing:1").toString()));
        assertThat(lists.find(here("x:1"))).as("nothing half done").isEmpty();
    }

    @Test
    void showsWhatARegistryHas() {
        ManifestLists.ManifestList image = lists.remote(here("app:one"), false, RegistryOptions.DEFAULT, user);
        assertThat(image.index()).isFalse();
        assertThat(Digest.ofSha256(image.document())).isEqualTo(one.digest());
        assertThat(image.entries())
                .singleElement()
                .satisfies(e -> assertThat(e.descriptor().platform()).isEqualTo(Platform.host()));
        ManifestLists.ManifestList index = lists.remote(here("app:index"), true, RegistryOptions.DEFAULT, user);
        assertThat(index.index()).isTrue();
        assertThat(index.entries())
                .singleElement()
                .satisfies(
                        e -> assertThat(OciJson.tree(e.manifest(), "manifest").has("layers"))
                                .isTrue());
    }

    @Test
    void findsImagesInACatalogue() {
        assertThat(engine.images.search(registry.host() + "/PP", 10, RegistryOptions.DEFAULT, user))
                .extracting(r -> r.name())
                .contains(registry.host() + "/app")
                .allMatch(n -> n.contains("pp"));
        assertThat(engine.images.search(registry.host() + "/zzz", 10, RegistryOptions.DEFAULT, user))
                .isEmpty();
    }

    @Test
    void aNameIsTakenAwayAndTheImageStays() {
        engine.images.pull(here("app:one"), PullOptions.DEFAULT, user, Progress.NONE);
        engine.images.tag(here("app:one").toString(), Reference.parse("second:1"));
        engine.images.untag("second:1", List.of(here("app:one")));
        assertThat(engine.images.list())
                .singleElement()
                .satisfies(i -> assertThat(i.reference()).contains(Reference.parse("second:1")));
        assertKind(ErrorKind.NOT_FOUND, () -> engine.images.untag("second:1", List.of(Reference.parse("third"))));
        engine.images.untag("second:1", List.of());
        engine.collector.collect();
        assertThat(engine.images.list()).singleElement().satisfies(i -> {
            assertThat(i.reference()).isEmpty();
            assertThat(i.platforms()).hasSize(1);
        });
        engine.images.push(
                tagged("again:1"),
                new PushOptions(List.of(), false, false, RegistryOptions.DEFAULT),
                user,
                Progress.NONE);
    }

    private Reference tagged(String name) {
        engine.images.tag(one.digest().toString(), here(name));
        return here(name);
    }
}
