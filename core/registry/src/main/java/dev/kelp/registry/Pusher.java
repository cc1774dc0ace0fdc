// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Request;
import java.util.Optional;
import java.util.Set;

/// Puts blobs and manifests into one repository. Safe for parallel use.
///
/// Order is the caller's: a registry takes a manifest only after its blobs, an index after its manifests.
public final class Pusher {
    private final Registry registry;
    private final Reference repository;
    private final long chunkBytes;

    Pusher(Registry registry, Reference repository) {
        this(registry, repository, Long.MAX_VALUE);
    }

    private Pusher(Registry registry, Reference repository, long chunkBytes) {
        this.registry = registry;
        this.repository = repository;
        this.chunkBytes = chunkBytes;
    }

    /// Sends blobs larger than this in pieces. Without, each blob is one request, which all registries understand,
    /// and pieces are used only to go on after a broken connection.
    public Pusher withChunks(long bytes) {
        if (bytes <= 0) {
            throw KelpException.invalid("a chunk of " + bytes + " bytes is too small");
        }
        return new Pusher(registry, repository, bytes);
    }

    /// Whether the repository has a blob.
    public boolean exists(Descriptor descriptor) {
        return registry.first(repository.domain(), Capability.PUSH, s -> exists(s, descriptor));
    }

    /// Whether the repository has a manifest or index of this digest.
    public boolean manifestExists(Digest digest) {
        return registry.first(repository.domain(), Capability.PUSH, s -> {
            String what = "look for manifest " + digest + " in `" + repository.familiarRepository() + "`";
            String target = "/" + repository.path() + "/manifests/" + digest;
            Call call = Call.of("HEAD", target, Registry.push(repository), what).header("Accept", Resolver.ACCEPTED);
            return s.done(call, 200, 404).status() == 200;
        });
    }

    /// Makes sure that the repository has a blob: does nothing when it is there, takes it over from another
    /// repository
    /// of the same registry when that is known and allowed, else uploads it.
    ///
    /// @param mountFrom a repository that has the blob; ignored when of another registry
    public State push(Descriptor descriptor, BlobSource source, Optional<Reference> mountFrom) {
        State state = registry.first(repository.domain(), Capability.PUSH, session -> {
            if (exists(session, descriptor)) {
                return State.EXISTED;
            }
            Optional<Reference> from = mountFrom
                    .filter(r -> r.domain().equals(repository.domain()))
                    .filter(r -> !r.path().equals(repository.path()));
            Upload upload = new Upload(
                    session, new Upload.Order(repository, descriptor, source, chunkBytes), registry.access());
            return upload.run(from);
        });
        registry.access().listener().transferred(descriptor, descriptor.size(), state);
        return state;
    }

    /// Puts a manifest or index under its digest and, when the reference has one, its tag.
    ///
    /// @throws KelpException [ErrorKind#FAILED_PRECONDITION] when the registry misses blobs it names
    public void putManifest(Document document, Optional<String> tag) {
        Descriptor d = document.descriptor();
        Reference target = tag.map(repository::withTag).orElseGet(() -> repository.withDigest(d.digest()));
        registry.first(repository.domain(), Capability.PUSH, session -> {
            String what = "put manifest `" + target.familiar() + "`";
            Call call = Call.of(
                            "PUT",
                            "/" + repository.path() + "/manifests/" + target.object(),
                            Registry.push(repository),
                            what)
                    .withBody(Request.Body.of(document.bytes()), d.mediaType());
            Reply reply = session.done(call, 200, 201, 202);
            Optional<Digest> stored = Resolver.digestHeader(reply);
            if (stored.isPresent()
                    && stored.get().algorithm().equals(d.digest().algorithm())
                    && !stored.get().equals(d.digest())) {
                throw new KelpException(
                        ErrorKind.DATA_LOSS,
                        what + ": the registry stored " + stored.get() + " in place of " + d.digest());
            }
            return reply;
        });
        registry.access().listener().transferred(d, d.size(), State.DONE);
    }

    /// Deletes a manifest by its digest, with all tags that point to it. Many registries do not allow that.
    public void delete(Digest digest) {
        registry.first(
                repository.domain(),
                Capability.PUSH,
                session -> session.done(
                        Call.of(
                                "DELETE",
                                "/" + repository.path() + "/manifests/" + digest,
                                Set.of("repository:" + repository.path() + ":delete,pull"),
                                "delete manifest " + digest + " of `" + repository.familiarRepository() + "`"),
                        200,
                        202));
    }

    private boolean exists(HostSession session, Descriptor descriptor) {
        String what = "look for blob " + descriptor.digest() + " in `" + repository.familiarRepository() + "`";
        String target = "/" + repository.path() + "/blobs/" + descriptor.digest();
        Reply reply = session.done(Call.of("HEAD", target, Registry.push(repository), what), 200, 404);
        return reply.status() == 200 && reply.contentLength().orElse(descriptor.size()) == descriptor.size();
    }
}
