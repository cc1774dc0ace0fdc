// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Reply;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Finds out what references stand for.
public final class Resolver {
    /// Registries answer 404 for a manifest whose type is not named here.
    static final String[] ACCEPTED = {
        MediaTypes.OCI_INDEX,
        MediaTypes.DOCKER_INDEX,
        MediaTypes.OCI_MANIFEST,
        MediaTypes.DOCKER_MANIFEST,
        // asked for only so that a schema 1 image can be refused by name
        MediaTypes.DOCKER_SCHEMA1_SIGNED + ";q=0.1"
    };

    private final Registry registry;

    Resolver(Registry registry) {
        this.registry = registry;
    }

    /// Fetches the manifest or index a reference names, in one request.
    ///
    /// @throws KelpException [ErrorKind#NOT_FOUND], [ErrorKind#UNAUTHENTICATED], [ErrorKind#DATA_LOSS] when
    ///     the bytes are not what their digest or type says, [ErrorKind#UNSUPPORTED] for schema 1
    public Resolution resolve(Reference reference) {
        Capability needed = reference.digest().isPresent() ? Capability.PULL : Capability.RESOLVE;
        return registry.first(reference.domain(), needed, session -> {
            String what = "resolve `" + reference.familiar() + "` at " + session.name();
            Document document = fetch(session, reference, reference.digest().orElse(null), what);
            return new Resolution(reference, document, session.name());
        });
    }

    /// Only asks what digest a reference has now, which registries with pull limits do not count. Empty when the
    /// registry does not say. The digest is the registry's word: nothing was fetched to check it.
    public Optional<Descriptor> probe(Reference reference) {
        return registry.first(reference.domain(), Capability.RESOLVE, session -> {
            String what = "resolve `" + reference.familiar() + "` at " + session.name();
            Reply reply = session.done(call("HEAD", reference, what), 200);
            Optional<Digest> digest = digestHeader(reply);
            if (digest.isEmpty()
                    || reply.contentLength().isEmpty()
                    || reply.contentType().isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(Descriptor.of(
                    reply.contentType().get(),
                    digest.get(),
                    reply.contentLength().getAsLong()));
        });
    }

    static Document fetch(HostSession session, Reference reference, @Nullable Digest digest, String what) {
        Reply reply = session.expect(call("GET", reference, what), 200);
        try (reply) {
            int max = DocumentReader.MANIFEST_BYTES_MAX;
            if (reply.contentLength().orElse(0) > max) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, what + ": the manifest is over " + max + " bytes");
            }
            byte[] bytes = reply.body().readUpTo(max, session.limits().stallTimeout());
            Document document = DocumentReader.read(bytes, reply.contentType(), digest, what + ": the manifest");
            checkHeader(reply, bytes, what);
            return document;
        } catch (IOException e) {
            throw RegistryErrors.unreachable(what, e);
        }
    }

    private static Call call(String method, Reference reference, String what) {
        String target = "/" + reference.path() + "/manifests/" + reference.object();
        return Call.of(method, target, Registry.pull(reference), what).header("Accept", ACCEPTED);
    }

    private static void checkHeader(Reply reply, byte[] bytes, String what) {
        Optional<Digest> said = digestHeader(reply);
        if (said.isPresent()) {
            Digest is = Digest.finish(
                    said.get().algorithm(), said.get().newMessageDigest().digest(bytes));
            if (!is.equals(said.get())) {
                throw new KelpException(
                        ErrorKind.DATA_LOSS,
                        what + ": the registry promises digest " + said.get() + ", the bytes have " + is);
            }
        }
    }

    static Optional<Digest> digestHeader(Reply reply) {
        try {
            return reply.header("Docker-Content-Digest").map(Digest::parse);
        } catch (KelpException e) {
            return Optional.empty();
        }
    }
}
