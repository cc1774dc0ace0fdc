// SPDX-License-Identifier: Apache-2.0
/// What tests need around the program under test: programs started and timed out ([Program], [Outcome]), a registry
/// ([LocalRegistry]), images ([TestImages]), a real terminal ([Terminal]), and Kelp or Podman as a black box behind one
/// interface ([Engine]), so that a test can be tested against both. Nothing here depends on Kelp's modules.
///
/// Each [KelpCli] is an instance of its own with a private data root and run root below `/tmp` (socket paths are short:
/// unix(7)
/// allows 107 bytes). Closing it removes its containers, stops it and deletes both roots; files owned by subordinate
/// ids are
/// deleted from within a user namespace.
///
/// `jvm/bin/java` beside the sources is not used by these tests: it is the JVM of kernel tests, which starts in
/// namespaces.
@NullMarked
package dev.kelp.testkit;

import org.jspecify.annotations.NullMarked;
