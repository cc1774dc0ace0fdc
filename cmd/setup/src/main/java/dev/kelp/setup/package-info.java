// SPDX-License-Identifier: Apache-2.0
/// `kelp setup`, which is also `containerd-rootless-setuptool.sh` and, as older texts call it,
/// `containerd-rootless-systemd.sh`: a program outside all namespaces, in a JVM of its own, since it must work where
/// namespaces cannot be made. It needs nothing of the machine but its files; every program it asks may be missing.
@NullMarked
package dev.kelp.setup;

import org.jspecify.annotations.NullMarked;
