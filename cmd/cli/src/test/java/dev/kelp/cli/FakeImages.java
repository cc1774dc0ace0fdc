// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Images by name; a pull of any name succeeds.
public final class FakeImages implements Images {
    public final Map<String, Image> images = new LinkedHashMap<>();
    public final List<String> calls = new ArrayList<>();
    public PullOptions pullOptions;

    FakeImages() {}

    public Image add(String name) {
        Reference r = Reference.parse(name);
        Digest d = Digest.ofSha256(name.getBytes(StandardCharsets.UTF_8));
        Image image = new Image(
                Optional.of(r),
                Descriptor.of("application/vnd.oci.image.manifest.v1+json", d, 100),
                Instant.now().minusSeconds(70),
                List.of(new PlatformImage(
                        Platform.parse("linux/amd64"),
                        d,
                        Digest.ofSha256(d.hex().getBytes(StandardCharsets.UTF_8)),
                        Instant.now().minusSeconds(70),
                        2202009,
                        4404019,
                        Map.of("kind", "test"))));
        images.put(r.toString(), image);
        return image;
    }

    @Override
    public Image pull(Reference reference, PullOptions options, UserEnvironment user, Progress progress) {
        pullOptions = options;
        calls.add("pull " + reference);
        progress.update(new Progress.Update(reference.toString(), Progress.State.RESOLVED, 0, -1));
        return add(reference.toString());
    }

    @Override
    public void push(Reference reference, PushOptions options, UserEnvironment user, Progress progress) {
        calls.add("push " + reference);
    }

    @Override
    public List<Image> list() {
        return List.copyOf(images.values());
    }

    @Override
    public ImageDetail inspect(String nameOrId, Platform platform) {
        Image image = find(nameOrId).orElseThrow(() -> KelpException.notFound("no such image: `" + nameOrId + "`"));
        PlatformImage p = image.platforms().getFirst();
        ImageConfig config =
                new ImageConfig("2024-01-02T03:04:05Z", null, "amd64", "linux", null, null, null, null, null, null);
        Descriptor c = Descriptor.of("application/vnd.oci.image.config.v1+json", p.configDigest(), 1);
        return new ImageDetail(
                image,
                p,
                Manifest.of(image.target().mediaType(), c, List.of()),
                config,
                new byte[0],
                List.of(image.reference().orElseThrow()),
                List.of());
    }

    @Override
    public Optional<Image> find(String nameOrId) {
        return Optional.ofNullable(images.get(Reference.parse(nameOrId).toString()));
    }

    @Override
    public void tag(String source, Reference target) {
        calls.add("tag " + source + " " + target);
    }

    @Override
    public void untag(String nameOrId, List<Reference> names) {
        calls.add("untag " + nameOrId + " " + names);
    }

    @Override
    public Digest verify(Reference reference, byte[] publicKey, RegistryOptions options, UserEnvironment user) {
        calls.add("verify " + reference + " " + new String(publicKey, StandardCharsets.UTF_8));
        return Digest.ofSha256(publicKey);
    }

    @Override
    public List<String> remoteTags(Reference repository, RegistryOptions options, UserEnvironment user) {
        return List.of("1", "2");
    }

    @Override
    public List<SearchResult> search(String term, int limit, RegistryOptions options, UserEnvironment user) {
        return List.of(
                new SearchResult("team/" + term, "a\u00e9".repeat(30), 3, false, true),
                new SearchResult(term, "the real one", 90, true, false));
    }

    @Override
    public void removeAll(List<String> namesOrIds, boolean force, RemovalSink sink) {
        for (String name : namesOrIds) {
            if (images.remove(Reference.parse(name).toString()) == null) {
                sink.failed(name, KelpException.notFound("no such image: `" + name + "`"));
            } else {
                sink.removed(name, new Removal(List.of(name), List.of(Digest.ofSha256(new byte[0]))));
            }
        }
    }

    @Override
    public void save(List<String> namesOrIds, List<Platform> platforms, OutputStream out, Progress progress) {
        try {
            out.write("tar".getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Image convert(String nameOrId, Reference name, ConvertOptions options, Progress progress) {
        calls.add("convert " + nameOrId + " " + name + " " + options);
        return add(name.toString());
    }

    @Override
    public void save(String nameOrId, SaveOptions options, UserEnvironment user, Progress progress) {
        calls.add("save " + nameOrId + " " + options.to());
    }

    @Override
    public List<Image> load(ImageLocation from, LoadOptions options, UserEnvironment user, Progress progress) {
        calls.add("load " + from);
        return List.of(add("from-files"));
    }

    @Override
    public List<Image> load(InputStream in, LoadOptions options, Progress progress) {
        try {
            return List.of(add(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<ImageLayer> layers(ImageDetail image) {
        return image.config().rootfs().diffIds().stream()
                .map(d -> new ImageLayer(d.toString(), d, 1_234_567))
                .toList();
    }

    @Override
    public InputStream download(String url, UserEnvironment user) {
        calls.add("download " + url);
        return InputStream.nullInputStream();
    }

    @Override
    public Image importTree(InputStream tar, ImportOptions options, Progress progress) {
        calls.add("import " + options);
        return add(options.name().map(Reference::toString).orElse("imported"));
    }

    @Override
    public Pruned prune(boolean all, Predicate<Image> wanted) {
        List<String> gone = images.values().stream()
                .filter(wanted)
                .map(i -> i.reference().orElseThrow().toString())
                .toList();
        gone.forEach(images::remove);
        return new Pruned(gone, List.of(), 1_234_567 * (long) gone.size());
    }

    @Override
    public List<String> login(LoginOptions options, UserEnvironment user) {
        calls.add("login " + options.server() + " " + options.username() + " " + options.password());
        return List.of("Login Succeeded");
    }

    @Override
    public List<String> logout(String server, UserEnvironment user) {
        return List.of("Removing login credentials for " + server);
    }
}
