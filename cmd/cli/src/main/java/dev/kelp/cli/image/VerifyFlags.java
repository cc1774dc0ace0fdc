// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Progress;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The flags by which an image is fetched only when it is signed.
@Command(optionListHeading = "Signatures")
public final class VerifyFlags {
    private static final int KEY_BYTES_MAX = 16 << 10;

    @Option(names = "--verify", paramLabel = "HOW", description = "none or cosign (default: none)")
    String how = "none";

    @Option(names = "--cosign-key", paramLabel = "FILE", description = "the public key that must have signed it")
    @Nullable
    String key;

    /// Whether an image must be signed. Wrong flags are refused.
    public boolean isAsked() {
        return switch (how) {
            case "none" -> {
                if (key != null) {
                    throw KelpException.invalid("--cosign-key needs --verify=cosign");
                }
                yield false;
            }
            case "cosign" -> {
                if (key == null) {
                    throw new KelpException(
                                    ErrorKind.UNSUPPORTED, "--verify=cosign without a key (keyless) is not supported")
                            .withHint("name the public key with --cosign-key");
                }
                yield true;
            }
            case "notation" ->
                throw new KelpException(ErrorKind.UNSUPPORTED, "--verify=notation is not supported")
                        .withHint("use cosign");
            default ->
                throw KelpException.invalid("invalid --verify `" + how + "`").withHint("use none or cosign");
        };
    }

    /// Finds out what is signed and makes sure that the name stands for exactly that here; fetches it when it is
    /// missing.
    ///
    /// @param mayFetch false: only what is here
    public void pull(Invocation call, Reference name, PullOptions options, boolean mayFetch, Progress progress) {
        String path = String.valueOf(key);
        byte[] pem = call.client()
                .readFile(path, KEY_BYTES_MAX)
                .orElseThrow(() -> KelpException.notFound("no such file: `" + path + "`"));
        Images images = call.images();
        Digest signed = images.verify(name, pem, call.registry(), call.client());
        Optional<Image> here = images.find(name.toString());
        if (here.isPresent()
                && here.get().target().digest().equals(signed)
                && !here.get().platforms().isEmpty()) {
            return;
        }
        if (!mayFetch) {
            throw KelpException.notFound("image `" + name.familiar() + "` is not here as it is signed");
        }
        Reference pinned = name.withDigest(signed);
        images.pull(pinned, options, call.client(), progress);
        if (!pinned.equals(name)) {
            images.tag(pinned.toString(), name);
            images.untag(pinned.toString(), List.of(pinned));
        }
    }
}
