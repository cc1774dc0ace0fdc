// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Turns bytes from a registry into a [Document], or says why not.
///
/// What a document is must be beyond doubt, for one digest could otherwise be read as a manifest by one program and as
/// an index by another (CVE-2021-41190): the `Content-Type`, the `mediaType` inside and the fields must agree.
public final class DocumentReader {
    public static final int MANIFEST_BYTES_MAX = OciJson.DOCUMENT_BYTES_MAX;
    public static final int CONFIG_BYTES_MAX = OciJson.DOCUMENT_BYTES_MAX;
    public static final int INDEX_ENTRIES_MAX = 1_000;
    public static final int LAYERS_MAX = 1_000;

    /// What servers say when they know nothing of media types.
    private static final Set<String> MEANINGLESS =
            Set.of("application/json", "application/octet-stream", "text/plain", "binary/octet-stream");

    private DocumentReader() {}

    /// Checks all there is to check without fetching more.
    ///
    /// @param contentType the header's media type without parameters
    /// @param expected the digest asked for; null when a tag was
    /// @param what names the document in errors
    public static Document read(byte[] bytes, Optional<String> contentType, @Nullable Digest expected, String what) {
        if (bytes.length > MANIFEST_BYTES_MAX) {
            throw new KelpException(ErrorKind.RESOURCE_EXHAUSTED, what + " is over " + MANIFEST_BYTES_MAX + " bytes");
        }
        Digest digest = expected == null
                ? Digest.ofSha256(bytes)
                : Digest.finish(
                        expected.algorithm(), expected.newMessageDigest().digest(bytes));
        if (expected != null && !expected.equals(digest)) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    what + " is not what was asked for: its digest is " + digest + ", not " + expected);
        }
        String type = mediaType(bytes, contentType, what);
        Document document = new Document(Descriptor.of(type, digest, bytes.length), bytes);
        if (document.isIndex()) {
            index(document);
        } else {
            manifest(document);
        }
        return document;
    }

    private static String mediaType(byte[] bytes, Optional<String> contentType, String what) {
        Optional<String> said = contentType.filter(t -> !MEANINGLESS.contains(t));
        said.filter(MediaTypes::isSchema1).ifPresent(t -> refuseSchema1(what));
        JsonNode tree = OciJson.tree(bytes, what);
        if (!tree.isObject()) {
            throw new KelpException(ErrorKind.DATA_LOSS, what + " is not a JSON object");
        }
        String inside = tree.path("mediaType").asString("");
        if (tree.path("schemaVersion").asInt(2) == 1 || MediaTypes.isSchema1(inside)) {
            refuseSchema1(what);
        }
        if (!inside.isEmpty() && said.isPresent() && !said.get().equals(inside)) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    what + " was sent as `" + printable(said.get()) + "` but calls itself `" + printable(inside) + "`");
        }
        boolean entries = tree.has("manifests");
        boolean layers = tree.has("layers") || tree.has("config");
        if (entries && layers) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS, what + " has both `manifests` and `layers`, so nobody can say what it is");
        }
        String type = !inside.isEmpty()
                ? inside
                : said.orElse(entries ? MediaTypes.OCI_INDEX : layers ? MediaTypes.OCI_MANIFEST : "");
        boolean fits = MediaTypes.isIndex(type) ? !layers : MediaTypes.isManifest(type) && layers;
        if (!fits) {
            throw new KelpException(
                    MediaTypes.isIndex(type) || MediaTypes.isManifest(type)
                            ? ErrorKind.DATA_LOSS
                            : ErrorKind.UNSUPPORTED,
                    what + " is neither an image manifest nor an index: its type is `" + printable(type) + "`");
        }
        return type;
    }

    private static void refuseSchema1(String what) {
        throw new KelpException(ErrorKind.UNSUPPORTED, what + " is a Docker schema 1 manifest, which is not supported")
                .withHint("push the image again with a current client, or convert it: skopeo copy --format v2s2 …");
    }

    static Index index(Document document) {
        String what = "index " + document.descriptor().digest();
        if (!document.isIndex()) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, what + " is a manifest");
        }
        Index index = OciJson.read(document.bytes(), Index.class, what);
        checkAll(index.manifests(), INDEX_ENTRIES_MAX, what + ": an entry");
        return index;
    }

    static Manifest manifest(Document document) {
        String what = "manifest " + document.descriptor().digest();
        if (document.isIndex()) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, what + " is an index");
        }
        Manifest manifest = OciJson.read(document.bytes(), Manifest.class, what);
        check(manifest.config(), what + ": the configuration");
        checkAll(manifest.layers(), LAYERS_MAX, what + ": a layer");
        return manifest;
    }

    private static void checkAll(List<Descriptor> all, int max, String what) {
        if (all.size() > max) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    what + " is one of " + all.size() + ", more than the " + max + " allowed");
        }
        all.forEach(d -> check(d, what));
    }

    /// Records from JSON may lack what their types promise.
    @SuppressWarnings("ConstantValue")
    private static void check(@Nullable Descriptor d, String what) {
        if (d == null || isNull(d.digest()) || isNull(d.mediaType()) || d.size() < 0) {
            throw new KelpException(ErrorKind.DATA_LOSS, what + " lacks a digest, a media type or a size");
        }
    }

    private static boolean isNull(@Nullable Object value) {
        return value == null;
    }

    private static String printable(String text) {
        return RegistryErrors.printable(text, 120);
    }
}
