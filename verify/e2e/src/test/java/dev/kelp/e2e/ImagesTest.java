// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.PodmanCli;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Images on their way between Kelp, a registry, skopeo and Podman.
@Tag("e2e")
class ImagesTest {
    private static KelpCli kelp;
    private static String source;

    @BeforeAll
    static void open() {
        kelp = Engines.kelp();
        source = Engines.registry().push(TestImages.debian().orElseGet(Engines.images()::busybox), "travels:1");
        kelp.pull(source);
    }

    @AfterAll
    static void close() {
        kelp.close();
    }

    private static String remoteDigest(String reference) {
        return Program.skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://" + reference)
                .run()
                .succeeded()
                .text();
    }

    private static Outcome run(String image) {
        return kelp.run("run", "--rm", "--net=host", image, "sh", "-c", "echo in; exit 3");
    }

    @Test
    void isPulledByTagAndByDigestAndRuns() {
        String byDigest = source.substring(0, source.lastIndexOf(':')) + "@" + remoteDigest(source);
        kelp.pull(byDigest);
        for (String name : new String[] {source, byDigest}) {
            assertThat(run(name).expect(3).out()).isEqualTo("in\n");
        }
        assertThat(kelp.run("images", "-q", "--no-trunc").succeeded().out()).contains(remoteDigest(source));
    }

    @Test
    void isPushedBackUnchanged() {
        String copy = Engines.registry().reference("travelled/back:2");
        kelp.run("tag", source, copy).succeeded();
        kelp.command("push", copy).timeoutSeconds(120).run().succeeded();
        assertThat(remoteDigest(copy)).isEqualTo(remoteDigest(source));
        if (PodmanCli.available()) {
            try (PodmanCli podman = new PodmanCli()) {
                podman.pull(copy);
                assertThat(podman.run("run", "--rm", "--net=host", copy, "sh", "-c", "exit 3")
                                .exitCode())
                        .isEqualTo(3);
            }
        }
    }

    @Test
    void isSavedForOthersAndLoaded(@TempDir Path folder) throws IOException {
        Path archive = folder.resolve("image.tar");
        kelp.command("save", "-o", archive.toString(), source)
                .timeoutSeconds(120)
                .run()
                .succeeded();
        for (String transport : new String[] {"docker-archive:", "oci-archive:"}) {
            String raw = Program.skopeo("inspect", "--raw", transport + archive)
                    .run()
                    .succeeded()
                    .out();
            assertThat(raw).contains("\"layers\"");
        }
        String name = Engines.registry().reference("loaded:3");
        kelp.run("tag", source, name).succeeded();
        Path second = folder.resolve("second.tar");
        kelp.command("save", "-o", second.toString(), name)
                .timeoutSeconds(120)
                .run()
                .succeeded();
        kelp.run("rmi", name).succeeded();
        assertThat(kelp.run("load", "-i", second.toString()).succeeded().out()).contains(name);
        assertThat(run(name).expect(3).out()).isEqualTo("in\n");
        kelp.run("rmi", name).succeeded();
    }

    @Test
    void aFileCutShortIsRefusedWhole(@TempDir Path folder) throws IOException {
        String name = Engines.registry().reference("cut:1");
        kelp.run("tag", source, name).succeeded();
        Path archive = folder.resolve("image.tar");
        kelp.command("save", "-o", archive.toString(), name)
                .timeoutSeconds(120)
                .run()
                .succeeded();
        kelp.run("rmi", name).succeeded();
        try (var file = java.nio.channels.FileChannel.open(archive, java.nio.file.StandardOpenOption.WRITE)) {
            file.truncate(Files.size(archive) / 2);
        }
        Outcome outcome = kelp.run("load", "-i", archive.toString());
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.err()).startsWith("kelp: error: ");
        assertThat(kelp.run("images", "--format", "{{.Repository}}:{{.Tag}}").out())
                .doesNotContain(name);
    }

    @Test
    void isNotRemovedWhileAContainerStandsOnIt() {
        String name = Engines.registry().reference("held:1");
        kelp.run("tag", source, name).succeeded();
        kelp.run("create", "--name", "holder", "--net=host", name, "true").succeeded();
        kelp.run("rmi", name);
        kelp.run("start", "-a", "holder").succeeded();
        kelp.run("rm", "holder").succeeded();
        Outcome gone = kelp.run("rmi", name);
        assertThat(gone.exitCode() == 0 || gone.err().contains("no such image"))
                .as(gone.toString())
                .isTrue();
    }

    @Test
    void aTamperedBlobIsRefused() throws IOException {
        String layout = Engines.images().layered(9);
        String reference = Engines.registry().push(layout, "tampered:1");
        String manifest = Program.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + reference)
                .run()
                .succeeded()
                .out();
        String last = manifest.substring(manifest.lastIndexOf("sha256:") + 7).substring(0, 64);
        Path blob = Engines.registry()
                .data()
                .resolve("docker/registry/v2/blobs/sha256")
                .resolve(last.substring(0, 2))
                .resolve(last)
                .resolve("data");
        byte[] bytes = Files.readAllBytes(blob);
        bytes[bytes.length / 2] ^= 1;
        Files.write(blob, bytes);
        Outcome outcome = kelp.run("pull", reference);
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.err()).contains("sha256:" + last);
        assertThat(kelp.run("images", "--format", "{{.Repository}}:{{.Tag}}").out())
                .doesNotContain(reference);
        assertThat(new Leftovers(kelp).damagedBlobs()).isEmpty();
    }

    @Test
    void anotherPlatformIsNamed() {
        String foreign = Engines.registry()
                .push(
                        Engines.images()
                                .image(
                                        java.util.List.of(Engines.images().busyboxRoot()),
                                        TestImages.Settings.SHELL.withArchitecture("s390x")),
                        "foreign:1");
        Outcome outcome = kelp.run("run", "--rm", "--net=host", "--platform", "linux/riscv64", foreign, "true")
                .expect(125);
        assertThat(outcome.err()).contains("linux/riscv64");
        // what an image says of itself may be wrong, and this one's program is this machine's
        Outcome unasked = kelp.run("run", "--rm", "--net=host", foreign, "true").succeeded();
        assertThat(unasked.err()).contains("the image is for linux/s390x");
    }
}
