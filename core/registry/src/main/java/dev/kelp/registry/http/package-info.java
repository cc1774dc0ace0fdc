// SPDX-License-Identifier: Apache-2.0
/// HTTP as a registry client needs it, over the JDK's client, knowing nothing of registries.
///
/// A [Transport] lives as long as the daemon and keeps one connection pool per set of TLS settings. It sends exactly
/// one request at a time and never follows a redirect, never adds credentials and never retries: those are decisions
/// of the layers above, made by [Retries] and by the registry package, where origins are compared.
///
/// A [Reply] arrives with its headers; its body is a [BodyPipe], pulled by the reader with a limit on how long no byte
/// may come. The pipe holds a bounded number of buffers, so a slow reader slows the sender down (TCP's window) and
/// costs at most eight of the JDK's buffers per transfer. Waiting happens on queues, so virtual threads may read.
///
/// Protocol: HTTP/1.1 on purpose. Parallel blobs then have a TCP connection and a flow control window each; with
/// HTTP/2 they would share one.
///
/// Limits: [HttpLimits]. Whoever gets a [Reply] closes it.
@NullMarked
package dev.kelp.registry.http;

import org.jspecify.annotations.NullMarked;
