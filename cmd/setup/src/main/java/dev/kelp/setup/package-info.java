// SPDX-License-Identifier: Apache-2.0
/// `kelp setup`, which is also `containerd-rootless-setuptool.sh` and, as older texts call it,
/// `containerd-rootless-systemd.sh`: a program outside all namespaces, in a JVM of its own, since it must work where
/// namespaces cannot be made. It needs nothing of the machine but its files; every program it asks may be missing.
///
/// [CheckCommand] looks, [Installation] makes the engine a service, [AddonCommand] does so for programs beside it. What
/// these write is in the package `service`, and `nsenter` in `native/kelp.c`. The service's process is
/// `lib/foreground.sh`: it waits for the holder, which lives elsewhere, so that no restart stops a container.
@NullMarked
package dev.kelp.setup;

import org.jspecify.annotations.NullMarked;
