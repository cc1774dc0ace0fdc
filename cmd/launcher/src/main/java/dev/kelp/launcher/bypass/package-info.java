// SPDX-License-Identifier: Apache-2.0
/// `bypass4netns` and `bypass4netnsd`: network acceleration for containers of any OCI runtime, with the flags, sockets
/// and REST API of the programs of these names, so that nerdctl and Podman can use Kelp's as theirs.
///
/// A runtime sends the filter of a container whose seccomp profile has a listener; `core/network` does the rest
/// (package
/// `bypass` there). [Handler] is one listener's socket with what was said of it. [BypassCommand] has one,
/// [BypassDaemon]
/// one for each container that nerdctl names, all in one process. [InterfaceRegistry] has those that others serve.
///
/// - The process is in the machine's first user namespace, as the user who made the containers' one, and so has all
///   rights over them, but cannot enter their networks. What is to be known of those is read from /proc
///   ([ContainerNetwork]).
/// - A profile made for the other program asks about more calls than Kelp looks at: those go on unseen.
/// - Nothing keeps the filters when this process is killed: the containers' calls then fail with ENOSYS, as they do
///   with the other program. Kelp's own containers have the holder for that.
@NullMarked
package dev.kelp.launcher.bypass;

import org.jspecify.annotations.NullMarked;
