// SPDX-License-Identifier: Apache-2.0
/// The daemon's outside: clients come in on an inherited socket, each with a command line, its environment and its
/// standard streams (`native/PROTOCOL.md`, section 1), and leave with an exit code.
///
/// Each connection has two platform threads from one cached pool: one runs the command, the other reads what the
/// client says meanwhile (signals, answers, its end). [SocketClientContext] is what the command sees of the client.
/// A client that goes away interrupts its command; what the engine was doing for it is cancelled.
@NullMarked
package dev.kelp.daemon;

import org.jspecify.annotations.NullMarked;
