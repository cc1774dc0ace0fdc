// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Immutable bytes, found by their digest.
///
/// ## Writing
/// ```
/// Optional<Ingest> ingest = store.begin(descriptor);    // empty: it is here already
/// try (Ingest i = ingest.orElseThrow()) {
///     fetch(from(i.offset()), i::write);                // goes on where an earlier attempt stopped
///     i.commit();                                       // compares size and digest
/// }
/// store.sync();                                         // once for all blobs of a pull
/// ```
/// Of several callers that begin the same digest one gets the ingest and the others wait: for the blob, or for their
/// turn
/// to go on with what the first left behind. A blob is visible to readers from `commit` on. It survives `kill -9` from
/// then on, and a power cut from the next [#sync] on; a blob that a power cut took away is gone completely.
///
/// ## Promises
/// * Failures are [dev.kelp.model.KelpException]s: NOT_FOUND, DATA_LOSS for bytes that are not what was promised,
///   RESOURCE_EXHAUSTED when the disk is full, CANCELLED when the thread was interrupted.
/// * Methods may be called from any thread. Those that touch files block.
/// * Who reads a blob while it is deleted reads it to its end.
///
/// `ContentStoreContract` in this module's tests states all this as tests.
public interface ContentStore {
    Optional<Blob> find(Digest digest);

    /// As [#find], but a missing blob is NOT_FOUND.
    default Blob info(Digest digest) {
        return find(digest).orElseThrow(() -> OciLayoutStore.missing(digest));
    }

    /// The bytes from `offset` on as they are on the disk, not checked again.
    InputStream open(Digest digest, long offset);

    /// All bytes, not checked again.
    default InputStream open(Digest digest) {
        return open(digest, 0);
    }

    /// The bytes, compared with size and digest: the read that finds the end, or the first byte too many, fails
    /// with
    /// DATA_LOSS when they are not what the descriptor says. Act on nothing before the end was read.
    InputStream openVerified(Descriptor descriptor);

    /// A small blob, whole and checked; over `bytesMax` is RESOURCE_EXHAUSTED.
    byte[] read(Descriptor descriptor, int bytesMax);

    /// Starts or resumes the ingest of what the descriptor names, after waiting for another one of the same digest.
    ///
    /// @return empty when the blob is here with the right size; DATA_LOSS when it is here with another size
    Optional<Ingest> begin(Descriptor expected);

    /// Starts the ingest of bytes whose digest (sha256) nobody knows yet. It cannot be resumed.
    Ingest begin();

    /// Stores a small blob; nothing happens when it is here already.
    void put(Descriptor descriptor, byte[] bytes);

    /// Makes everything that was committed before survive a power cut.
    void sync();

    /// All blobs, in no order.
    List<Blob> list();

    /// What is being ingested or was broken off.
    List<Partial> partials();

    /// Whether there was one.
    boolean delete(Digest digest);

    /// Deletes partial blobs that nobody writes and nobody wrote to since `time`.
    ///
    /// @return how many bytes that freed
    long deletePartials(Instant time);

    /// Sums over everything here.
    Usage usage();

    /// A blob that is here. `committed` is when it came.
    record Blob(Digest digest, long sizeBytes, Instant committed) {}

    /// The beginning of a blob.
    ///
    /// @param digest what it will be; empty when that was not known at its beginning
    /// @param updated when it last grew
    /// @param active whether somebody writes it now
    record Partial(Optional<Digest> digest, long sizeBytes, Instant updated, boolean active) {}

    record Usage(long blobs, long blobBytes, long partials, long partialBytes) {}
}
