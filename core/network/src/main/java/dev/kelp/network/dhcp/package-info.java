// SPDX-License-Identifier: Apache-2.0
/// Addresses from a network's own DHCP server (RFC 2131, 2132), for an interface inside a namespace.
///
/// Only what one interface with one server needs: discover, request, renew. It runs over an ordinary socket, so the
/// interface has a route for every address while it has none of its own.
@NullMarked
package dev.kelp.network.dhcp;

import org.jspecify.annotations.NullMarked;
