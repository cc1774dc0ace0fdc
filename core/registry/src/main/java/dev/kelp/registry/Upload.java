// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Request;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One blob's way into a registry (distribution specification, "Push"): POST opens an upload, then either one PUT
/// carries all, or PATCHes carry chunks and a PUT without body closes it. After a failure the registry is asked how
/// much it has, and the upload goes on from there; when it does not know, it starts anew.
final class Upload {
    private static final Pattern RANGE = Pattern.compile("(?:bytes=)?0-([0-9]{1,18})");

    private final HostSession session;
    private final Order order;
    private final Access access;
    private final Set<String> scopes;
    private final String what;
    private String location = "";
    private long offset;

    record Order(Reference repository, Descriptor descriptor, BlobSource source, long chunkBytes) {}

    Upload(HostSession session, Order order, Access access) {
        this.session = session;
        this.order = order;
        this.access = access;
        this.scopes = new TreeSet<>(Registry.push(order.repository()));
        this.what = "push blob " + order.descriptor().digest() + " to `"
                + order.repository().familiarRepository() + "`";
    }

    /// Uploads or mounts.
    ///
    /// @param from a repository of the same registry to mount the blob from
    State run(Optional<Reference> from) {
        for (int failures = 0; ; ) {
            try {
                if (location.isEmpty() && start(failures == 0 ? from : Optional.empty())) {
                    return State.MOUNTED;
                }
                send();
                return State.DONE;
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.UNAVAILABLE
                        || ++failures >= session.limits().attemptsMax()) {
                    abandon();
                    throw e;
                }
                access.listener().transferred(order.descriptor(), offset, State.RECONNECTING);
                access.cancellation().sleep(session.retries().pause(failures));
                askProgress();
            }
        }
    }

    /// Opens the upload; says whether the blob was mounted instead.
    private boolean start(Optional<Reference> from) {
        offset = 0;
        String target = "/" + order.repository().path() + "/blobs/uploads/";
        Set<String> allowed = new TreeSet<>(scopes);
        if (from.isPresent()) {
            target += "?mount=" + order.descriptor().digest() + "&from="
                    + from.get().path();
            allowed.addAll(Registry.pull(from.get()));
        }
        Reply reply = session.send(Call.of("POST", target, allowed, what));
        if (from.isPresent() && (reply.status() == 401 || reply.status() == 403)) {
            // this user may not read the other repository; the blob can still be uploaded
            reply.discard(session.limits());
            return start(Optional.empty());
        }
        if (reply.status() == 201 && from.isPresent()) {
            reply.discard(session.limits());
            return true;
        }
        if (reply.status() != 202) {
            throw RegistryErrors.of(reply, what, session.limits());
        }
        reply.discard(session.limits());
        follow(reply);
        return false;
    }

    private void send() {
        long size = order.descriptor().size();
        if (offset == 0 && size <= order.chunkBytes()) {
            put(size);
            return;
        }
        while (offset < size) {
            patch(Math.min(order.chunkBytes(), size - offset));
        }
        put(0);
    }

    private void patch(long length) {
        Call call = Call.of("PATCH", location, scopes, what)
                .header("Content-Range", offset + "-" + (offset + length - 1))
                .withBody(new Part(offset, length), "application/octet-stream")
                .once();
        Reply reply = session.done(call, 202, 201, 204);
        follow(reply);
        long reached = received(reply).orElse(offset + length);
        if (reached <= offset || reached > offset + length) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, what + ": the registry took none of a chunk at byte " + offset);
        }
        offset = reached;
    }

    private void put(long length) {
        String target = location + (location.indexOf('?') < 0 ? "?" : "&") + "digest="
                + order.descriptor().digest().toString().replace(":", "%3A");
        Call call = Call.of("PUT", target, scopes, what).once();
        if (length > 0) {
            call = call.withBody(new Part(0, length), "application/octet-stream");
        }
        Reply reply = session.send(call);
        if (reply.status() != 201 && reply.status() != 204) {
            KelpException e = RegistryErrors.of(reply, what, session.limits());
            // a registry that lost track of the upload is worth a fresh start
            throw reply.status() == 404 || reply.status() == 416
                    ? new KelpException(ErrorKind.UNAVAILABLE, String.valueOf(e.getMessage()), e)
                    : e;
        }
        reply.discard(session.limits());
        Resolver.digestHeader(reply).ifPresent(d -> {
            if (d.algorithm().equals(order.descriptor().digest().algorithm())
                    && !d.equals(order.descriptor().digest())) {
                throw new KelpException(ErrorKind.DATA_LOSS, what + ": the registry stored " + d);
            }
        });
    }

    /// Where to go on: what the registry says it has, or a new upload.
    private void askProgress() {
        if (location.isEmpty()) {
            return;
        }
        try {
            Reply reply = session.done(Call.of("GET", location, scopes, what), 204, 200, 202);
            Optional<Long> has = received(reply);
            if (has.isPresent() && has.get() <= order.descriptor().size()) {
                offset = has.get();
                follow(reply);
                return;
            }
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.CANCELLED) {
                throw e;
            }
            System.getLogger(Upload.class.getName())
                    .log(System.Logger.Level.DEBUG, "{0}: starts anew: {1}", what, e.getMessage());
        }
        abandon();
    }

    /// The count of bytes in `Range: 0-N`. `0-0` means none: no registry says it for a single byte.
    private static Optional<Long> received(Reply reply) {
        Matcher m = RANGE.matcher(reply.header("Range").orElse(""));
        if (!m.matches()) {
            return Optional.empty();
        }
        long last = Long.parseLong(m.group(1));
        return Optional.of(last == 0 ? 0 : last + 1);
    }

    private void follow(Reply reply) {
        Optional<String> next = reply.header("Location");
        if (next.isPresent()) {
            location = session.resolve(reply, next.get(), what).toString();
        } else if (location.isEmpty()) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, what + ": the registry opened an upload but did not say where");
        }
    }

    /// Tells the registry to forget what it has, as a courtesy.
    private void abandon() {
        String at = location;
        location = "";
        offset = 0;
        if (at.isEmpty() || access.cancellation().isCancelled()) {
            return;
        }
        try {
            session.done(Call.of("DELETE", at, scopes, what).once(), 204, 200, 202, 404, 405);
        } catch (KelpException e) {
            System.getLogger(Upload.class.getName())
                    .log(System.Logger.Level.DEBUG, "{0}: upload left behind: {1}", what, e.getMessage());
        }
    }

    /// Some of the blob's bytes as a request's body, telling how far they got.
    private final class Part implements Request.Body {
        private final long start;
        private final long length;

        Part(long start, long length) {
            this.start = start;
            this.length = length;
        }

        @Override
        public long sizeBytes() {
            return length;
        }

        @Override
        public InputStream open() {
            return new SlicedInputStream(
                    order.source().open(start),
                    length,
                    sent -> access.listener().transferred(order.descriptor(), start + sent, State.ACTIVE));
        }
    }
}
