// SPDX-License-Identifier: Apache-2.0
/// Makes the installed tree (`native/PROTOCOL.md`, "The installed tree") at the end of the build; it is not part of it.
///
/// [Assemble] copies the jars of its own class path, takes the native libraries out of them, has the daemon run
/// containers
/// ([ContainerTraining]) to make the AOT cache with its profiles (JEP 514, JEP 515), and proves on a copy of the tree,
/// at
/// another place, that the JVM takes its classes from the cache: a cache that does not fit is otherwise ignored in
/// silence. The launcher's JVM has a cache of its own ([LauncherTraining]).
/// The tree appears under its name in one rename, so nobody sees a half-made one. `build-id` is a hash of what
/// determines
/// the tree: every file except the cache, which differs from run to run, and the identity of the JDK.
///
/// [Release] makes the same tree with a Java runtime of its own ([JavaRuntime]), for which the caches are then made,
/// and
/// packs it twice: an archive, and a package for Debian ([DebianPackage]). Both are written here, byte for byte the
/// same
/// for the same tree. Manual pages are the commands' help in another form ([ManualPage]).
///
/// All files carry the same modification time: the JVM compares the jars' sizes and times with those the cache
/// remembers,
/// and a tree that was copied without care keeps working.
@NullMarked
package dev.kelp.dist;

import org.jspecify.annotations.NullMarked;
