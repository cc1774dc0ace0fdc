// SPDX-License-Identifier: Apache-2.0
/// Kelp on a machine with systemd, logind, delegated cgroups and AppArmor: a virtual one, under software emulation
/// (`verify/vm/vm`), since a build machine has none of these and no KVM.
///
/// What is tried there is a shell script each, in `verify/vm/scenarios`: [ScenariosTest] hands it and the installed
/// tree to the machine and makes a test of each `check` in it. A script runs as root and opens login sessions with
/// `as alice …`. Each begins on a fresh machine that has just booted, which takes seconds (its state was saved); Java
/// is some 40 times slower in there, so a scenario starts one daemon and does much with it.
@NullMarked
package dev.kelp.vm;

import org.jspecify.annotations.NullMarked;
