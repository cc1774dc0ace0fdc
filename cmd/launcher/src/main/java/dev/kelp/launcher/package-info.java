// SPDX-License-Identifier: Apache-2.0
/// `rootlesskit`: runs a command as root of a user namespace, with the flags, the state directory and the API of
/// RootlessKit, so that scripts written for it run unchanged.
///
/// Three processes: the native launcher (`native/kelp.c`) is the shell's child; in a new user namespace it starts this
/// JVM, which stays in the host's other namespaces, and later the command.
///
/// ```
/// shell ── rootlesskit (C) ─┬─ java: flags, state directory, API, published ports    host's network and mounts
///                           ├─ slirp4netns | pasta | …                               between both
///                           └─ command                                               the new namespaces
/// ```
///
/// A JVM may not make a user namespace, but its threads may make all others. So [Launch] furnishes them here: the mount
/// namespace on a thread that copies folders up ([CopyUp]) and puts name servers in place ([NetworkFiles]), the network
/// namespace with a driver of `core/network` before that. Only then the native launcher is told to run the command in
/// them. Policy is Java, and what is inherited (terminal, descriptors of socket activation, bytes of arguments that are
/// no UTF-8) never passes through it.
///
/// When the command ends, this JVM cleans up and its exit code becomes the launcher's. When the launcher is killed, the
/// kernel kills the rest (PR_SET_PDEATHSIG), and the state directory is taken over by the next.
@NullMarked
package dev.kelp.launcher;

import org.jspecify.annotations.NullMarked;
