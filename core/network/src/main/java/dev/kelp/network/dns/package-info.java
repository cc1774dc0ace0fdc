// SPDX-License-Identifier: Apache-2.0
/// Names on networks: a small DNS server at each network's gateway (RFC 1035).
///
/// What [Names] knows is answered here, the rest goes unchanged to the host's name servers, which are asked from the
/// host's network: a resolver on its loopback works, and a changed `/etc/resolv.conf` counts from the next question on.
/// Servers that a container was given of its own (`--dns`) are asked instead, those that are containers from inside.
/// One thread serves all networks. A library would answer too, but its classes weigh more than this package, and of
/// most messages only the question is read.
@NullMarked
package dev.kelp.network.dns;

import org.jspecify.annotations.NullMarked;
