// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Fetches what descriptors name from one repository. Safe for parallel use.
public final class Fetcher {
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\\*)");

    private final Registry registry;
    private final Reference repository;

    Fetcher(Registry registry, Reference repository) {
        this.registry = registry;
        this.repository = repository;
    }

    /// A manifest or index by its digest, checked against digest, size and media type.
    public Document document(Descriptor descriptor) {
        if (descriptor.size() > DocumentReader.MANIFEST_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "manifest " + descriptor.digest() + " is over " + DocumentReader.MANIFEST_BYTES_MAX + " bytes");
        }
        Reference exact = repository.withDigest(descriptor.digest());
        return registry.first(repository.domain(), Capability.PULL, session -> {
            String what = "fetch `" + exact.familiar() + "` from " + session.name();
            Document document = Resolver.fetch(session, exact, descriptor.digest(), what);
            Descriptor got = document.descriptor();
            if (got.size() != descriptor.size() || !got.mediaType().equals(descriptor.mediaType())) {
                throw new KelpException(
                        ErrorKind.DATA_LOSS,
                        what + ": " + got.size() + " bytes of `" + got.mediaType() + "` came, not " + descriptor.size()
                                + " of `" + RegistryErrors.printable(descriptor.mediaType(), 120) + "`");
            }
            return document;
        });
    }

    /// A small blob, such as an image's configuration, whole and checked.
    ///
    /// @throws KelpException [ErrorKind#RESOURCE_EXHAUSTED] over [DocumentReader#CONFIG_BYTES_MAX]
    public byte[] bytes(Descriptor descriptor) {
        if (descriptor.size() > DocumentReader.CONFIG_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "blob " + descriptor.digest() + " has " + descriptor.size() + " bytes, more than the "
                            + DocumentReader.CONFIG_BYTES_MAX + " allowed here");
        }
        try (InputStream in = openVerified(descriptor)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw RegistryErrors.unreachable("fetch blob " + descriptor.digest(), e);
        }
    }

    /// A blob from `offset` to its end; asks the registry at once. Its digest is *not* checked: the reader, who may
    /// have the bytes before `offset`, does that. Never more bytes come than the descriptor says.
    ///
    /// @param offset 0 … the descriptor's size
    public BlobStream open(Descriptor descriptor, long offset) {
        if (offset < 0 || offset > descriptor.size()) {
            throw KelpException.invalid("offset " + offset + " is outside of blob " + descriptor.digest());
        }
        return new BlobStream(
                descriptor,
                offset,
                new BlobStream.Ways(
                        at -> connect(descriptor, at),
                        registry.transport().limits(),
                        registry.access().cancellation(),
                        registry.access().listener()));
    }

    /// A blob from its start, whose end is an error unless size and digest are right.
    public InputStream openVerified(Descriptor descriptor) {
        return new VerifiedInputStream(open(descriptor, 0), descriptor);
    }

    /// Hands a blob from `offset` on to `sink`, buffer by buffer without copying. The digest is not checked.
    public void transfer(Descriptor descriptor, long offset, Sink sink) throws IOException {
        try (BlobStream stream = open(descriptor, offset)) {
            for (ByteBuffer b = stream.nextBuffer(); b != null; b = stream.nextBuffer()) {
                sink.accept(b);
            }
        }
    }

    /// Takes all that remains in a buffer, which is not valid afterwards.
    @FunctionalInterface
    public interface Sink {
        void accept(ByteBuffer buffer) throws IOException;
    }

    private BlobStream.Connection connect(Descriptor descriptor, long offset) {
        return registry.first(repository.domain(), Capability.PULL, session -> connect(session, descriptor, offset));
    }

    private BlobStream.Connection connect(HostSession session, Descriptor descriptor, long offset) {
        String what = "fetch blob " + descriptor.digest() + " of `" + repository.familiarRepository() + "` from "
                + session.name();
        Call call = Call.of(
                        "GET",
                        "/" + repository.path() + "/blobs/" + descriptor.digest(),
                        Registry.pull(repository),
                        what)
                .header("Accept-Encoding", "identity");
        if (offset > 0) {
            call = call.header("Range", "bytes=" + offset + "-");
        }
        Reply reply = session.send(call);
        try {
            return switch (reply.status()) {
                case 200 -> {
                    checkLength(reply, descriptor.size(), what);
                    yield new BlobStream.Connection(reply, offset, session);
                }
                case 206 -> {
                    checkRange(reply, descriptor, offset, what);
                    checkLength(reply, descriptor.size() - offset, what);
                    yield new BlobStream.Connection(reply, 0, session);
                }
                case 416 ->
                    throw new KelpException(
                            ErrorKind.DATA_LOSS,
                            what + ": the registry has no byte " + offset + " of the " + descriptor.size()
                                    + " it should have");
                default -> throw RegistryErrors.of(reply, what, session.limits());
            };
        } catch (KelpException e) {
            reply.close();
            throw e;
        }
    }

    private static void checkLength(Reply reply, long expected, String what) {
        if (reply.contentLength().isPresent() && reply.contentLength().getAsLong() != expected) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    what + ": the registry sends " + reply.contentLength().getAsLong() + " bytes where there should be "
                            + expected);
        }
    }

    private static void checkRange(Reply reply, Descriptor descriptor, long offset, String what) {
        Matcher m = CONTENT_RANGE.matcher(reply.header("Content-Range").orElse(""));
        boolean fits = m.matches()
                && Long.parseLong(m.group(1)) == offset
                && Long.parseLong(m.group(2)) == descriptor.size() - 1
                && (m.group(3).equals("*") || Long.parseLong(m.group(3)) == descriptor.size());
        if (!fits) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    what + ": the registry sends another range than " + offset + "-" + (descriptor.size() - 1));
        }
    }
}
