// SPDX-License-Identifier: Apache-2.0
/// The daemon's side of living in a user namespace somebody else holds.
///
/// The holder (`native/kelp.c`) made the namespaces, listens for clients and outlives this JVM; [Holder] speaks its
/// protocol (`native/PROTOCOL.md`, section 3). Through it the daemon keeps descriptors across its restarts and starts
/// every other program: the holder is small, single-threaded and the child subreaper, so a fork there is cheap, leaks
/// nothing and its children are nobody's orphans. [Instance] says where this daemon keeps things and which ids it has,
/// [CgroupDelegation] how containers get cgroups.
@NullMarked
package dev.kelp.rootless;

import org.jspecify.annotations.NullMarked;
