// SPDX-License-Identifier: Apache-2.0
/// Networks without root.
///
/// An ordinary user may do everything inside a network namespace that her user namespace owns, and nothing in the
/// host's. So there is one [DetachedNamespace] per instance, in which no process needs to live: the daemon stays in the
/// host's network, and a thread that enters the namespace opens the sockets that are needed inside. In it each network
/// is a bridge ([Bridges]), each container's end a veth pair, addresses come from an [AddressPool], and one set of
/// nftables rules ([Firewall]) translates what leaves and keeps networks apart. One [OutboundDriver], a user-mode
/// TCP/IP stack of the distribution behind a tap device, connects the namespace with the host.
///
/// ```
/// container eth0 ── veth ── kelp0 (10.4.0.1) ──nftables── tap0 ── slirp4netns | pasta ── host
/// ```
///
/// The namespace and the driver outlive the daemon: the holder keeps the descriptor, and the driver is its child. Those
/// that take Ethernet frames at a socket instead ([VpnkitService]) hang on this process by an [EthernetCable].
/// Interfaces are made by rtnetlink(7) requests, not by programs: a container's take less than a millisecond.
@NullMarked
package dev.kelp.network;

import org.jspecify.annotations.NullMarked;
