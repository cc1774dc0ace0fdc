// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.ImageLocation.Transport;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Progress;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import java.util.List;
import java.util.Optional;

/// Understands the places besides registries that images come from and go to, where a name is expected as well.
public final class Locations {
    /// Podman's stores of other engines.
    private static final List<String> FOREIGN =
            List.of("docker-daemon:", "containers-storage:", "ostree:", "sif:", "tarball:");

    private static final String REGISTRY = "docker://";

    private Locations() {}

    /// Where an image is to be read from; empty for a name. `oci` and `dir` are also names of images: a folder is
    /// meant
    /// when the word has a slash or such a folder is there.
    public static Optional<ImageLocation> source(ClientContext client, String word) {
        Optional<ImageLocation> location = parsed(word);
        return location.filter(l -> !l.transport().isFolder() || l.path().indexOf('/') >= 0 || isThere(client, l));
    }

    /// Where an image is to be written to; empty for a name.
    static Optional<ImageLocation> destination(String word) {
        return parsed(word);
    }

    private static Optional<ImageLocation> parsed(String word) {
        for (String foreign : FOREIGN) {
            if (word.startsWith(foreign)) {
                throw new KelpException(ErrorKind.UNSUPPORTED, "cannot use `" + word + "`: no such place here")
                        .withHint("there are docker://, oci:, dir:, oci-archive: and docker-archive:");
            }
        }
        return ImageLocation.parse(word);
    }

    /// The name, when containers/image's word for registries is before it.
    public static String withoutTransport(String word) {
        return word.startsWith(REGISTRY) ? word.substring(REGISTRY.length()) : word;
    }

    /// A name with or without that word.
    public static Reference registryReference(String word) {
        return Reference.parse(withoutTransport(word));
    }

    private static boolean isThere(ClientContext client, ImageLocation location) {
        try (Fd _ = client.open(location.path(), Inodes.O_PATH | Inodes.O_DIRECTORY, 0)) {
            return true;
        } catch (KelpException e) {
            return false;
        }
    }

    /// The place that a folder given to `load` is; empty for anything but a folder.
    static Optional<ImageLocation> folder(ClientContext client, String path) {
        if (!isThere(client, new ImageLocation(Transport.OCI, path, null))) {
            return Optional.empty();
        }
        ImageLocation layout = new ImageLocation(Transport.OCI, path, null);
        try (Fd _ = client.open(layout.child("index.json"), Inodes.O_PATH, 0)) {
            return Optional.of(layout);
        } catch (KelpException e) {
            return Optional.of(new ImageLocation(Transport.DIR, path, null));
        }
    }

    /// Takes in the one image that a container is to be made of.
    ///
    /// @return its name or digest
    public static String loadOne(Invocation call, ImageLocation from, LoadOptions options) {
        checkOne(from, entries(call.client(), from));
        List<Image> loaded = call.images().load(from, options, call.client(), Progress.NONE);
        checkOne(from, loaded.size());
        Image image = loaded.getFirst();
        return image.reference()
                .map(Reference::toString)
                .orElse(image.target().digest().toString());
    }

    /// How many images are to be taken from a layout, so that none is when there are several; else 1, as far as is
    /// known.
    private static long entries(ClientContext client, ImageLocation from) {
        if (from.transport() != Transport.OCI || from.reference() != null) {
            return 1;
        }
        String index = from.child("index.json");
        return client.readFile(index, OciJson.DOCUMENT_BYTES_MAX)
                .map(bytes -> OciJson.read(bytes, Index.class, "`" + index + "`").manifests().stream()
                        .map(Descriptor::mediaType)
                        .filter(type -> MediaTypes.isIndex(type) || MediaTypes.isManifest(type))
                        .count())
                .filter(count -> count > 1)
                .orElse(1L);
    }

    private static void checkOne(ImageLocation from, long images) {
        if (images != 1) {
            throw KelpException.invalid("`" + from.path() + "` has " + images + " images: one is needed")
                    .withHint("say which one: " + from.transport().word() + ":" + from.path() + ":NAME");
        }
    }
}
