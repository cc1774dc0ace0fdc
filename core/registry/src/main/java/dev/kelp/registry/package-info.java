// SPDX-License-Identifier: Apache-2.0
/// A client of container registries: OCI distribution specification 1.1, Docker's registry API version 2.
///
/// A [Registry] is one command's view of all registries: it has the user's credentials, the hosts configuration and a
/// token to cancel it by, and it borrows the daemon's long-lived
/// [dev.kelp.registry.http.Transport]. From it come
/// - a [Resolver]: a reference becomes a [Resolution], the manifest or index and its digest;
/// - a [Fetcher]: manifests, configurations and blobs of one repository, each by descriptor;
/// - a [Pusher]: the way back;
/// - a [Listing]: tags, repositories, referrers.
///
/// The life of a pull: resolve the reference; [ImageSelector] walks the index to the manifest of the wanted platform;
/// for each layer in parallel [Fetcher#open] gives a [BlobStream] from the offset the content store already has. The
/// stream reconnects by range when the connection breaks or stalls. Its bytes are *not* checked against the digest:
/// the content store hashes what it writes anyway and must do so over the resumed beginning, too. Who has no such
/// store reads through [VerifiedInputStream].
///
/// Invariants: a [Document] exists only with a digest computed over its bytes; its media type was compared with the
/// one inside; credentials and `hosts.toml` headers never reach another origin; nothing larger than its descriptor
/// says is handed out; every wait ends by the limits in [dev.kelp.registry.http.HttpLimits].
///
/// Hosts of a name are tried in order (mirrors first), and a mirror that fails in any way is passed over; only the
/// user's cancellation ends the search. Nothing of Docker's schema 1 is read. Foreign layers' `urls` are not followed.
@NullMarked
package dev.kelp.registry;

import org.jspecify.annotations.NullMarked;
