// SPDX-License-Identifier: Apache-2.0
/// Networks and who is on them: records in the database over the mechanisms of `core/network`.
///
/// A container is connected before its configuration is written: it gets a network namespace that is ready, and joins
/// it. Its addresses, interfaces and ports are an [Attachment], kept in the database for as long as it runs, so that a
/// daemon that comes later knows what is taken, whom names stand for, and which ports to go on forwarding. One that has
/// a
/// network for itself ([PrivateNetworks]) has an attachment without an end.
@NullMarked
package dev.kelp.engine.local.network;

import org.jspecify.annotations.NullMarked;
