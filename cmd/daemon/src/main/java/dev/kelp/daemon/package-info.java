// SPDX-License-Identifier: Apache-2.0
/// The daemon's side of `native/PROTOCOL.md`, section 1, and the process around it.
///
/// Threads. One thread accepts ([ClientServer]). Each connection has a thread of a pool, which reads the REQUEST, runs
/// the command and sends EXIT. One thread for all connections ([ConnectionPoller]) reads what comes after the REQUEST:
/// answers are handed to the waiting command, signals to its handler, and a client that went away interrupts its
/// command. Only this thread closes the sockets it watches, so a number is never polled or read after it was given to
/// another file.
///
/// What is written: to a terminal by OUT and ERR frames, else straight to the descriptor the client passed. A client
/// that is suspended holds up only the thread that writes to it.
///
/// [DaemonMain] joins the parts; it is the only class of Kelp that reads the process' environment.
@NullMarked
package dev.kelp.daemon;

import org.jspecify.annotations.NullMarked;
