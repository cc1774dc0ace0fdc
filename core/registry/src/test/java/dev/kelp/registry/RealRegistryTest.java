// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.auth.Credential;
import dev.kelp.registry.auth.Credentials;
import dev.kelp.registry.http.Transport;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against the registry that the distribution ships.
class RealRegistryTest {
    @TempDir
    static Path folder;

    static LocalRegistry open;
    static LocalRegistry guarded;
    static Transport transport;

    final Registry registry = new Registry(transport, Access.anonymous());

    @BeforeAll
    static void start() throws Exception {
        open = LocalRegistry.open(folder.resolve("open"), false);
        guarded = LocalRegistry.open(folder.resolve("guarded"), true);
        transport = Images.transport();
    }

    @AfterAll
    static void stop() {
        transport.close();
        open.close();
        guarded.close();
    }

    static Reference at(LocalRegistry r, String rest) {
        return Reference.parse(r.host() + "/" + rest);
    }

    @Test
    void pushedImageComesBackAsItWas() throws Exception {
        Images image = Images.of(1, 3_000_000, "amd64");
        Reference ref = at(open, "round/trip:v1");
        image.push(registry.pusher(ref), "v1");

        Resolution got = registry.resolver().resolve(ref);
        assertThat(got.document().bytes()).isEqualTo(image.manifest().bytes());
        assertThat(got.host()).isEqualTo(open.host());
        Descriptor layer = got.document().manifest().layers().getFirst();
        Fetcher fetcher = registry.fetcher(ref);
        try (InputStream in = fetcher.openVerified(layer)) {
            assertThat(in.readAllBytes()).isEqualTo(image.layer());
        }
        assertThat(fetcher.bytes(got.document().manifest().config())).isEqualTo(image.config());
        Reference byDigest = ref.withDigest(got.document().descriptor().digest());
        assertThat(registry.resolver().resolve(byDigest).document().descriptor())
                .isEqualTo(got.document().descriptor());
        assertThat(registry.resolver().probe(ref)).contains(got.document().descriptor());
    }

    @Test
    void skopeoReadsWhatWasPushed() throws Exception {
        Images image = Images.of(2, 100_000, "amd64");
        image.push(registry.pusher(at(open, "read/back")), "v1");
        String raw =
                run("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + open.host() + "/read/back:v1");
        assertThat(raw.getBytes(StandardCharsets.UTF_8))
                .isEqualTo(image.manifest().bytes());
        String copied = run(
                "skopeo",
                "--insecure-policy",
                "copy",
                "--src-tls-verify=false",
                "docker://" + open.host() + "/read/back:v1",
                "dir:" + folder.resolve("copied"));
        assertThat(copied).contains("Writing manifest");
    }

    @Test
    void readsWhatSkopeoPushedAsDockerSchema2() throws Exception {
        Images image = Images.of(3, 50_000, "amd64");
        image.push(registry.pusher(at(open, "from/oci")), "v1");
        run(
                "skopeo",
                "--insecure-policy",
                "copy",
                "--format=v2s2",
                "--dest-compress=false",
                "--src-tls-verify=false",
                "--dest-tls-verify=false",
                "docker://" + open.host() + "/from/oci:v1",
                "docker://" + open.host() + "/from/skopeo:v2");
        Document got = registry.resolver().resolve(at(open, "from/skopeo:v2")).document();
        assertThat(got.descriptor().mediaType()).isEqualTo(MediaTypes.DOCKER_MANIFEST);
        assertThat(got.manifest().layers()).hasSize(1);
    }

    @Test
    void offsetIsHonoured() throws Exception {
        Images image = Images.of(4, 1_000_000, "amd64");
        Reference ref = at(open, "ranges/here");
        image.push(registry.pusher(ref), "v1");
        for (long offset : new long[] {1, 999_999, 500_000, 1_000_000}) {
            try (BlobStream in = registry.fetcher(ref).open(image.layerDescriptor(), offset)) {
                byte[] tail = in.readAllBytes();
                assertThat(tail)
                        .hasSize((int) (1_000_000 - offset))
                        .isEqualTo(java.util.Arrays.copyOfRange(image.layer(), (int) offset, 1_000_000));
                assertThat(in.position()).isEqualTo(1_000_000);
            }
        }
    }

    @Test
    void platformIsChosenFromAnIndexAndAbsenceNamesWhatThereIs() {
        Images amd = Images.of(5, 1_000, "amd64");
        Images arm = Images.of(6, 1_000, "arm64");
        Reference ref = at(open, "multi/arch");
        Pusher pusher = registry.pusher(ref);
        amd.push(pusher, "amd");
        arm.push(pusher, "arm");
        pusher.putManifest(Images.index(amd, arm), Optional.of("all"));

        Document top = registry.resolver().resolve(ref.withTag("all")).document();
        Fetcher fetcher = registry.fetcher(ref);
        ImageSelector.Selection s = ImageSelector.select(top, Platform.parse("linux/arm64"), fetcher::document);
        assertThat(s.manifest().descriptor().digest())
                .isEqualTo(arm.manifest().descriptor().digest());
        assertThat(s.indexes()).containsExactly(top);
        assertThatThrownBy(() -> ImageSelector.select(top, Platform.parse("linux/s390x"), fetcher::document))
                .hasMessageContaining("no image for linux/s390x")
                .hasMessageContaining("has: linux/amd64, linux/arm64");
    }

    @Test
    void chunkedUploadAndMount() throws Exception {
        byte[] content = Images.random(7, 5_000_000);
        Descriptor d = Images.blob(MediaTypes.OCI_LAYER, content);
        Reference first = at(open, "chunked/one");
        List<State> states = new ArrayList<>();
        Registry listening =
                new Registry(transport, Access.anonymous().withListener((x, n, state) -> states.add(state)));
        Pusher pusher = listening.pusher(first).withChunks(1_500_000);
        assertThat(pusher.exists(d)).isFalse();
        assertThat(pusher.push(d, BlobSource.of(content), Optional.empty())).isEqualTo(State.DONE);
        assertThat(pusher.push(d, BlobSource.of(content), Optional.empty())).isEqualTo(State.EXISTED);
        assertThat(states).contains(State.ACTIVE, State.DONE).endsWith(State.EXISTED);

        Reference second = at(open, "chunked/two");
        BlobSource none = offset -> {
            throw new AssertionError("a mounted blob needs no bytes");
        };
        assertThat(registry.pusher(second).push(d, none, Optional.of(first))).isEqualTo(State.MOUNTED);
        try (InputStream in = registry.fetcher(second).openVerified(d)) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
    }

    @Test
    void blobWithAWrongDigestIsRefusedByTheRegistry() {
        byte[] content = Images.random(8, 1_000);
        Descriptor lie = Descriptor.of(MediaTypes.OCI_LAYER, Digest.ofSha256(new byte[] {1}), content.length);
        assertThatThrownBy(() ->
                        registry.pusher(at(open, "lying/push")).push(lie, BlobSource.of(content), Optional.empty()))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("push blob sha256:");
    }

    @Test
    void manifestWithMissingBlobsIsRefused() {
        Images image = Images.of(9, 100, "amd64");
        assertThatThrownBy(() -> registry.pusher(at(open, "no/blobs")).putManifest(image.manifest(), Optional.of("v1")))
                .hasMessageContaining("put manifest")
                .hasMessageContaining("blob unknown");
    }

    @Test
    void unknownImageIsNotFound() {
        assertThatThrownBy(() -> registry.resolver().resolve(at(open, "no/such:thing")))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
                .hasMessageContaining("no/such:thing");
    }

    @Test
    void tagsAndRepositoriesAreListedAndManifestsDeleted() {
        Images image = Images.of(10, 100, "amd64");
        Reference ref = at(open, "many/tags");
        Pusher pusher = registry.pusher(ref);
        image.push(pusher, "a");
        pusher.putManifest(image.manifest(), Optional.of("b"));
        assertThat(registry.listing().tags(ref)).containsExactlyInAnyOrder("a", "b");
        assertThat(registry.listing().repositories(open.host())).contains("many/tags");
        assertThat(registry.listing()
                        .referrers(ref, image.manifest().descriptor().digest()))
                .isEmpty();
        assertThat(pusher.manifestExists(image.manifest().descriptor().digest()))
                .isTrue();
        pusher.delete(image.manifest().descriptor().digest());
        assertThat(pusher.manifestExists(image.manifest().descriptor().digest()))
                .isFalse();
    }

    @Test
    void basicAuthIsAnswered() {
        Images image = Images.of(11, 10_000, "amd64");
        Reference ref = at(guarded, "private/image:v1");
        Credential alice = new Credential.Password(LocalRegistry.USER, LocalRegistry.PASSWORD);
        Registry asAlice =
                new Registry(transport, Access.anonymous().withCredentials(Credentials.only(guarded.host(), alice)));
        image.push(asAlice.pusher(ref), "v1");
        assertThat(asAlice.resolver().resolve(ref).document().descriptor())
                .isEqualTo(image.manifest().descriptor());
        assertThatThrownBy(() -> registry.resolver().resolve(ref))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED));
        registry.login(guarded.host(), alice);
        assertThatThrownBy(() ->
                        registry.login(guarded.host(), new Credential.Password(LocalRegistry.USER, "wrong-password")))
                .hasMessageContaining("refused")
                .hasMessageNotContaining("wrong-password");
    }

    @Test
    void parallelDownloadsOnVirtualThreads() throws Exception {
        Reference ref = at(open, "par/allel");
        List<Images> images = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Images image = Images.of(100 + i, 2_000_000, "amd64");
            image.push(registry.pusher(ref), "v" + i);
            images.add(image);
        }
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> all = images.stream()
                    .map(i -> pool.submit(() -> {
                        try (InputStream in = registry.fetcher(ref).openVerified(i.layerDescriptor())) {
                            return in.readAllBytes();
                        }
                    }))
                    .toList();
            for (int i = 0; i < 8; i++) {
                assertThat(all.get(i).get()).isEqualTo(images.get(i).layer());
            }
        }
    }

    private static String run(String... command) throws Exception {
        ProcessBuilder program = new ProcessBuilder(command).redirectErrorStream(true);
        // where root has run podman, others are refused the folder in which skopeo looks for credentials
        Path none = Files.writeString(folder.resolve("no-credentials.json"), "{}");
        program.environment().put("REGISTRY_AUTH_FILE", none.toString());
        Process p = program.start();
        String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(p.waitFor()).as(out).isZero();
        return out;
    }

    @Test
    void documentsHaveTheDigestOfTheirBytes() {
        Images image = Images.of(12, 10, "amd64");
        assertThat(image.manifest().descriptor().digest())
                .isEqualTo(Digest.ofSha256(OciJson.write(image.manifest().manifest())));
    }
}
