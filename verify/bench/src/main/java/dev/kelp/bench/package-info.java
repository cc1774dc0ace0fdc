// SPDX-License-Identifier: Apache-2.0
/// Kelp beside Podman and containerd on the same machine in the same minutes, by whole commands: `./dev bench`.
///
/// The peers take turns (A B A B …), so that what else the machine does hits both. A cell is the median and, in
/// brackets,
/// the least and the greatest; a ratio is of medians. Times are taken by a shell around the command, without the JVM
/// that
/// drives it all. Everybody uses the host's network and, where it is possible, the same OCI runtime; each has a store
/// of its own in a temporary folder. Images come from a registry on the loopback interface.
@NullMarked
package dev.kelp.bench;

import org.jspecify.annotations.NullMarked;
