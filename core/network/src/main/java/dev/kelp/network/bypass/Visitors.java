// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

/// Whom filters belong to, for a [Bypass] that nobody else tells of containers. Called on its thread: must be quick.
public interface Visitors {
    /// A filter came.
    ///
    /// @param container as the runtime calls it
    /// @param process one with the filter, or the container's first; 0 when the runtime does not say
    Guest welcome(String container, int process);

    /// The last process with a filter of the container is gone.
    void gone(String container);
}
