// SPDX-License-Identifier: Apache-2.0
/// Published ports: ports of the host that lead into containers.
///
/// One thread for all of them, a loop over epoll(7) that lives inside the detached namespace ([PortForwarder]). It
/// takes
/// connections from listening sockets that were made in the host's namespace, and what it connects itself starts in the
/// detached one: no thread, no process and no buffer belongs to a port or a connection. TCP is moved by splice(2) from
/// socket to socket over a pipe of a small pool, without passing through this process; UDP datagram by datagram,
/// answered from the address that was asked.
///
/// The service sees its client's own address: the connection into the container is bound to that foreign address
/// (IP_TRANSPARENT), and a rule of [dev.kelp.network.Firewall] leads the answers back. That takes a service with an
/// address of the client's family; where nobody listens there, the other family's is tried. A client on the host's
/// loopback appears as the gateway, since 127.0.0.1 means somebody else inside.
@NullMarked
package dev.kelp.network.port;

import org.jspecify.annotations.NullMarked;
