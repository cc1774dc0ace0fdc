// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Makes images as OCI layouts from the machine's static busybox; the same input gives the same digests.
public final class TestImages implements AutoCloseable {
    private static final String CACHE = "/var/tmp/kelp-test-cache";

    private final Path folder = Folders.create("kelp-images-");
    private int count;

    /// What the image's configuration says besides its layers.
    ///
    /// @param extra further members of the OCI image configuration's `config`, as JSON without braces; may be empty
    public record Settings(String architecture, List<String> command, List<String> environment, String extra) {
        public static final Settings SHELL = new Settings("", List.of("sh"), List.of("PATH=/bin:/sbin"), "");

        public Settings withArchitecture(String name) {
            return new Settings(name, command, environment, extra);
        }

        public Settings withCommand(String... words) {
            return new Settings(architecture, List.of(words), environment, extra);
        }

        public Settings withExtra(String json) {
            return new Settings(architecture, command, environment, json);
        }
    }

    private record Layer(String digest, String diffId, long size) {}

    /// busybox with all its applets in `/bin`, a passwd with root, nobody and `user` (1000), one layer.
    public String busybox() {
        return image(List.of(busyboxRoot()), Settings.SHELL);
    }

    /// busybox and `layers` more on top; layer n has the file `/layer/n` and replaces `/layer/last`.
    public String layered(int layers) {
        List<Path> roots = new ArrayList<>(List.of(busyboxRoot()));
        for (int i = 1; i <= layers; i++) {
            Path root = newFolder();
            write(root.resolve("layer/" + i), i + "\n");
            write(root.resolve("layer/last"), i + "\n");
            roots.add(root);
        }
        return image(roots, Settings.SHELL);
    }

    /// busybox and a layer of small files in `/many`, a hundred to a folder.
    public String manySmallFiles(int files) {
        Path root = newFolder();
        for (int i = 0; i < files; i++) {
            write(root.resolve("many/" + i / 100 + "/" + i), "file " + i + "\n");
        }
        return image(List.of(busyboxRoot(), root), Settings.SHELL);
    }

    /// The debootstrapped Debian of the test cache, as `DIR:TAG`; made by `verify/testkit/debian-image`.
    public static Optional<String> debian() {
        String cache = System.getenv().getOrDefault("KELP_TEST_CACHE", CACHE);
        Path layout = Path.of(cache, "debian");
        return Files.exists(layout.resolve("index.json")) ? Optional.of(layout + ":latest") : Optional.empty();
    }

    /// A folder with busybox's file system, to be changed and given to [#image].
    public Path busyboxRoot() {
        Path root = newFolder();
        Path bin = root.resolve("bin");
        try {
            Files.createDirectories(bin);
            Files.copy(Path.of("/bin/busybox"), bin.resolve("busybox"));
            for (String applet :
                    Program.of("/bin/busybox", "--list").run().succeeded().lines()) {
                if (!applet.equals("busybox")) {
                    Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
                }
            }
            for (String directory : List.of("dev", "etc", "home/user", "proc", "root", "sys", "tmp", "var")) {
                Files.createDirectories(root.resolve(directory));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("make busybox's root", e);
        }
        write(root.resolve("etc/passwd"), """
                root:x:0:0:root:/root:/bin/sh
                nobody:x:65534:65534:nobody:/:/bin/sh
                user:x:1000:1000:user:/home/user:/bin/sh
                """);
        write(root.resolve("etc/group"), "root:x:0:\nuser:x:1000:\nextra:x:2000:user\nnogroup:x:65534:\n");
        Program.of("chmod", "1777", root.resolve("tmp").toString()).run().succeeded();
        return root;
    }

    /// An image with these folders as its layers, all files root's. Returns `DIR:latest`, as skopeo's `oci:` wants
    /// it.
    public String image(List<Path> roots, Settings settings) {
        try {
            Path layout = newFolder();
            Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
            List<Layer> layers = new ArrayList<>();
            for (Path root : roots) {
                layers.add(layer(root, blobs));
            }
            String config = blob(blobs, configuration(settings, layers));
            String manifest = """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                    "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},\
                    "layers":[%s]}""".formatted(
                            config,
                            size(blobs, config),
                            layers.stream().map(TestImages::descriptor).collect(Collectors.joining(",")));
            String digest = blob(blobs, manifest);
            Files.writeString(layout.resolve("index.json"), """
                    {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                    "digest":"%s","size":%d,\
                    "annotations":{"org.opencontainers.image.ref.name":\
                    "latest"}}]}""".formatted(digest, size(blobs, digest)));
            Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
            return layout + ":latest";
        } catch (IOException e) {
            throw new UncheckedIOException("make an image", e);
        }
    }

    @Override
    public void close() {
        Folders.delete(folder);
    }

    private static String descriptor(Layer layer) {
        return """
                {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",\
                "digest":"%s","size":%d}""".formatted(layer.digest, layer.size);
    }

    private static String configuration(Settings settings, List<Layer> layers) {
        String architecture = settings.architecture.isEmpty()
                ? Map.of("x86_64", "amd64", "aarch64", "arm64")
                        .getOrDefault(System.getProperty("os.arch"), System.getProperty("os.arch"))
                : settings.architecture;
        return """
                {"created":"2026-01-01T00:00:00Z","architecture":"%s","os":"linux",\
                "config":{"Env":[%s],"Cmd":[%s]%s},"rootfs":{"type":"layers","diff_ids":[%s]}}""".formatted(
                        architecture,
                        quoted(settings.environment),
                        quoted(settings.command),
                        settings.extra.isEmpty() ? "" : "," + settings.extra,
                        quoted(layers.stream().map(Layer::diffId).toList()));
    }

    private static String quoted(List<String> words) {
        return words.stream()
                .map(word -> '"' + word.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                .collect(Collectors.joining(","));
    }

    private static Layer layer(Path root, Path blobs) throws IOException {
        Path tar = blobs.resolve("layer.tar");
        Program.of(
                        "tar",
                        "--sort=name",
                        "--owner=0",
                        "--group=0",
                        "--numeric-owner",
                        "--mtime=2026-01-01T00:00:00Z",
                        "-C",
                        root.toString(),
                        "-cf",
                        tar.toString(),
                        ".")
                .run()
                .succeeded();
        String diffId = digest(Files.readAllBytes(tar));
        Program.of("gzip", "-n", "-1", tar.toString()).run().succeeded();
        Path compressed = blobs.resolve("layer.tar.gz");
        String digest = digest(Files.readAllBytes(compressed));
        Files.move(compressed, file(blobs, digest), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return new Layer(digest, diffId, size(blobs, digest));
    }

    private static String blob(Path blobs, String text) throws IOException {
        String digest = digest(text.getBytes(StandardCharsets.UTF_8));
        Files.writeString(file(blobs, digest), text);
        return digest;
    }

    private static Path file(Path blobs, String digest) {
        return blobs.resolve(digest.substring("sha256:".length()));
    }

    private static long size(Path blobs, String digest) throws IOException {
        return Files.size(file(blobs, digest));
    }

    private static String digest(byte[] content) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path newFolder() {
        try {
            return Files.createDirectories(folder.resolve(Integer.toString(count++)));
        } catch (IOException e) {
            throw new UncheckedIOException("make a folder", e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Path parent = file.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException("write " + file, e);
        }
    }
}
