// SPDX-License-Identifier: Apache-2.0
/// Events: what happened to containers, images, volumes and networks, told to whoever listens and kept for a while.
///
/// [EventLog#publish] gives an event its number, hands it to those who listen and puts it on a list; the list is
/// written
/// to the database a moment later, all at once, so that starting a container waits for nothing here. A `kill -9` of the
/// daemon may lose what was published in that moment; the containers' records lose nothing.
@NullMarked
package dev.kelp.engine.local.event;

import org.jspecify.annotations.NullMarked;
