// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

/// One thing that containers of an ordinary user need, or are better with.
@FunctionalInterface
public interface Check {
    /// Looks, and changes nothing that stays. Takes at most some seconds.
    Finding look(Machine machine);
}
