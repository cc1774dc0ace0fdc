// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.Manifest;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The images of one namespace. A "name or id" is a reference as typed, a digest, or an unambiguous prefix of a
/// manifest's, index' or configuration's digest (with or without `sha256:`).
public interface Images {
    /// Fetches an image and unpacks it for this platform. Returns when everything is on the disk.
    Image pull(Reference reference, PullOptions options, UserEnvironment user, Progress progress);

    /// Sends an image to the registry that the name says.
    void push(Reference reference, PushOptions options, UserEnvironment user, Progress progress);

    /// Checks that what a reference stands for at its registry was signed by cosign with that key's other half.
    ///
    /// @param publicKey PEM
    /// @return the digest that was signed; PERMISSION_DENIED when there is no good signature
    Digest verify(Reference reference, byte[] publicKey, RegistryOptions options, UserEnvironment user);

    /// The tags a registry has for a repository, in its order.
    List<String> remoteTags(Reference repository, RegistryOptions options, UserEnvironment user);

    /// Looks for images by a word: in Docker Hub's index, or at the registry that the word begins with. A registry
    /// that
    /// has no index is asked for its catalogue.
    ///
    /// @param limit 1 to 100
    List<SearchResult> search(String term, int limit, RegistryOptions options, UserEnvironment user);

    /// All images, newest first.
    List<Image> list();

    /// The image, for `platform` when given, else for this machine (or the only one there is).
    ImageDetail inspect(String nameOrId, @Nullable Platform platform);

    Optional<Image> find(String nameOrId);

    /// Gives `source` another name; an image that had it loses it.
    void tag(String source, Reference target);

    /// Takes these names, or all when there are none, away from an image, which stays.
    void untag(String nameOrId, List<Reference> names);

    /// Removes names, and with the last one the content nothing else uses. One that cannot be removed does not keep
    /// the
    /// others.
    ///
    /// @param force also when containers use it or an id has several names
    void removeAll(List<String> namesOrIds, boolean force, RemovalSink sink);

    /// As [#removeAll] for one.
    default Removal remove(String nameOrId, boolean force) {
        List<Removal> removals = new ArrayList<>();
        removeAll(List.of(nameOrId), force, new RemovalSink() {
            @Override
            public void removed(String name, Removal removal) {
                removals.add(removal);
            }

            @Override
            public void failed(String name, KelpException why) {
                throw why;
            }
        });
        return removals.getFirst();
    }

    /// Writes a tar that is an OCI layout and a Docker archive at once, layers uncompressed only where they are so.
    ///
    /// @param platforms empty: those whose content is here
    void save(List<String> namesOrIds, List<Platform> platforms, OutputStream out, Progress progress);

    /// Writes an image among the user's files. A layout that is there keeps its other images; one that had the same
    /// tag
    /// is replaced. A reader of the layout sees the image when all of it is there.
    ///
    void save(String nameOrId, SaveOptions options, UserEnvironment user, Progress progress);

    /// Makes another image of the same files and gives it that name, which an image that had it loses.
    Image convert(String nameOrId, Reference name, ConvertOptions options, Progress progress);

    /// Reads an OCI layout or Docker archive (tar; gzip and zstd compressed too).
    ///
    /// @return the references it gave names to; untagged images appear by digest
    List<Image> load(InputStream in, LoadOptions options, Progress progress);

    /// Reads an image, or all when the location does not say which, from the user's files. What has no whole name
    /// there
    /// is named after the folder, `localhost/FOLDER:TAG`, where that makes a name.
    List<Image> load(ImageLocation from, LoadOptions options, UserEnvironment user, Progress progress);

    /// The layers of an image that [#inspect] gave, lowest first.
    List<ImageLayer> layers(ImageDetail image);

    /// Opens what is at a http or https address, to be closed by the caller. Redirects are followed, not from https
    /// to
    /// http.
    InputStream download(String url, UserEnvironment user);

    /// Makes an image of one layer of a file system's tar (also compressed with gzip or zstd), which is read to its
    /// end.
    Image importTree(InputStream tar, ImportOptions options, Progress progress);

    /// Removes images that no container uses.
    ///
    /// @param all those with names too, not only dangling ones
    /// @param wanted which of those, by what is to be removed
    Pruned prune(boolean all, Predicate<Image> wanted);

    /// Verifies credentials against a registry and keeps them the way the user's Docker configuration says.
    ///
    /// @return what to tell the user, line by line
    List<String> login(LoginOptions options, UserEnvironment user);

    List<String> logout(String server, UserEnvironment user);

    /// @param platforms empty: this machine's
    /// @param unpack false: only fetch
    /// @param snapshotter null: the default
    record PullOptions(
            List<Platform> platforms,
            boolean allPlatforms,
            boolean unpack,
            @Nullable String snapshotter,
            RegistryOptions registry) {
        public static final PullOptions DEFAULT =
                new PullOptions(List.of(), false, true, null, RegistryOptions.DEFAULT);
    }

    /// @param nonDistributable send also layers that are marked as not to be passed on
    /// @param source what to send, a name or id; null: the image of the name it is sent to
    record PushOptions(
            List<Platform> platforms,
            boolean allPlatforms,
            boolean nonDistributable,
            RegistryOptions registry,
            @Nullable String source) {
        public PushOptions(
                List<Platform> platforms, boolean allPlatforms, boolean nonDistributable, RegistryOptions registry) {
            this(platforms, allPlatforms, nonDistributable, registry, null);
        }
    }

    /// @param platforms empty: those whose content is here; a `dir:` holds one
    record SaveOptions(ImageLocation to, List<Platform> platforms) {}

    /// Told what became of each of many, by what was typed for it.
    interface RemovalSink {
        void removed(String nameOrId, Removal removal);

        void failed(String nameOrId, KelpException why);
    }

    /// What a search found.
    ///
    /// @param stars −1: the registry does not count them
    record SearchResult(String name, String description, int stars, boolean official, boolean automated) {}

    /// @param insecure plain http or unverified TLS is acceptable
    /// @param hostsDirs folders of `hosts.toml` trees; empty: the defaults
    record RegistryOptions(boolean insecure, List<String> hostsDirs) {
        public static final RegistryOptions DEFAULT = new RegistryOptions(false, List.of());
    }

    record LoadOptions(
            List<Platform> platforms,
            boolean allPlatforms,
            boolean unpack,
            @Nullable String snapshotter) {
        public static final LoadOptions DEFAULT = new LoadOptions(List.of(), false, true, null);
    }

    /// @param platforms empty: this machine's, or the only one there is
    /// @param allPlatforms all that are here
    /// @param oci with the OCI's media types, whatever the source has
    /// @param compression empty: layers stay as they are
    /// @param level of the compression; null: the usual one
    record ConvertOptions(
            List<Platform> platforms,
            boolean allPlatforms,
            boolean oci,
            Optional<Changes.Compression> compression,
            @Nullable Integer level) {}

    /// @param name empty: the image gets none
    /// @param changes as in [Changes.CommitOptions]
    /// @param platform null: this machine's
    record ImportOptions(
            Optional<Reference> name,
            String message,
            List<String> changes,
            @Nullable Platform platform,
            @Nullable String snapshotter) {}

    /// @param reclaimedBytes sizes of the blobs and unpacked layers that are gone
    record Pruned(List<String> untagged, List<Digest> deleted, long reclaimedBytes) {}

    record LoginOptions(String server, String username, String password, RegistryOptions registry) {}

    /// @param chainId names the unpacked layer on those below
    /// @param sizeBytes unpacked; where it is not, as fetched
    record ImageLayer(String chainId, Digest diffId, long sizeBytes) {}

    /// What `rmi` did: names taken away, digests of manifests whose content is gone.
    record Removal(List<String> untagged, List<Digest> deleted) {}

    /// One name (or one nameless image).
    ///
    /// @param reference empty when dangling
    /// @param target the index or manifest the name stands for
    /// @param platforms the platforms whose content is complete here
    record Image(Optional<Reference> reference, Descriptor target, Instant created, List<PlatformImage> platforms) {}

    /// The part of an image that is for one platform.
    ///
    /// @param id digest of the manifest (the image id of nerdctl); the configuration's digest is Docker's
    /// @param blobBytes size of manifest, configuration and layers as fetched
    /// @param sizeBytes size unpacked; equals the sum of the layers' unpacked sizes, 0 when not unpacked
    record PlatformImage(
            Platform platform,
            Digest id,
            Digest configDigest,
            Instant created,
            long blobBytes,
            long sizeBytes,
            Map<String, String> labels) {}

    /// Everything about one platform's image.
    record ImageDetail(
            Image image,
            PlatformImage platform,
            Manifest manifest,
            ImageConfig config,
            byte[] configBytes,
            List<Reference> references,
            List<String> repoDigests) {}
}
