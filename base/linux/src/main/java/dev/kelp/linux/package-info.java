// SPDX-License-Identifier: Apache-2.0
/// Linux system calls, typed and grouped by subject: [Inodes], [Xattrs], [Mounts], [UnixSockets], [Pipes],
/// [Processes], [Inotify], [Terminals], [MappedFiles], [NetworkNamespaces], [Rtnetlink]; for the sockets of other
/// processes [SeccompNotify], [ProcessDescriptors], [SocketOptions].
///
/// Two layers. `Libc` is package-private: one method per C function, returning a value ≥ 0 or −errno, errno taken in
/// the same downcall. The exported classes turn that into [ErrnoException], which is checked and names the call and its
/// object; modules above translate it once, where the intent is known. A descriptor is an [Fd]: owned, closed once,
/// made
/// with O_CLOEXEC always.
///
/// Blocking calls (read, recvmsg, accept, poll) hold their thread: call them on a platform thread, never on a
/// virtual one, whose carrier they would pin. Namespaces are per thread (setns(2)): see [NetworkNamespaces].
///
/// Structures are those that x86-64 and arm64 share (statx, open_how, mount_attr, msghdr, epoll data excluded).
@NullMarked
package dev.kelp.linux;

import org.jspecify.annotations.NullMarked;
