// SPDX-License-Identifier: Apache-2.0
/// What makes a service of the engine: units of systemd, files of other inits, add-ons, and the part of containerd's
/// configuration that names snapshotters. All of it is text made from what is known of the user; nothing here runs a
/// program or writes a file but [ContainerdConfig].
@NullMarked
package dev.kelp.setup.service;

import org.jspecify.annotations.NullMarked;
