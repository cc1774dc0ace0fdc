// SPDX-License-Identifier: Apache-2.0
/// Network acceleration: TCP sockets of containers that are the host's own, as bypass4netns makes them. What such a
/// socket moves passes no veth pair, no bridge and no user-mode TCP/IP stack.
///
/// The OCI runtime gives a container's processes a seccomp filter that has connect(2), bind(2) and listen(2) wait for
/// [Bypass] (seccomp_unotify(2)). For a connection that leaves the container's networks, and for the port of a
/// published service, it makes a socket in the host's network, set as the program's own is, connects or binds it with
/// **its own copy** of the address, puts it in the place of the program's descriptors, and answers. Everything else the
/// kernel does as if nobody had asked. Send, receive and accept are never asked about.
///
/// - [BypassPolicy] says what stays inside. The machine's loopback and the container's neighbours always do.
/// - UDP stays in the container's network: each sendto(2) may name another address, so each would wait like connect(2).
/// - Of two ports of the host for one of the container's, the service's socket has the first; the other is relayed.
/// - A service's own socket keeps listening inside, and what neighbours and the container itself send there is relayed.
/// - Descriptors that were duplicated in the process are switched with the first, and memberships in epoll sets are
///   made anew. A child that inherited an unconnected socket keeps the one in the container's network. What was closed
///   meanwhile stays closed, whatever has its number by then.
/// - The filter's descriptors, the listening socket that the OCI runtime sends them to, and the ledger of calls under
///   way are kept by the holder: while no daemon is, a call waits, and the next daemon answers it.
///
/// One epoll thread serves all containers; nothing of this is loaded before the first container that asks for it.
@NullMarked
package dev.kelp.network.bypass;

import org.jspecify.annotations.NullMarked;
