// SPDX-License-Identifier: Apache-2.0
/// The commands `nerdctl apparmor …`, about the profile that confines containers. Its rules are loaded and listed by
/// programs and files of root's: the client runs and opens them, with the rights of whoever typed the command.
@NullMarked
package dev.kelp.cli.apparmor;

import org.jspecify.annotations.NullMarked;
