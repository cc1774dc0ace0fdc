// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.oci.Descriptor;

/// Hears how transfers go. Called on the transferring thread, about every [#STEP_BYTES] bytes and at each change of
/// state; it must return at once and not throw.
@FunctionalInterface
public interface TransferListener {
    long STEP_BYTES = 256 << 10;

    TransferListener NONE = (descriptor, bytesSoFar, state) -> {};

    /// Says how far a transfer is.
    ///
    /// @param bytesSoFar of `descriptor.size()`, bytes resumed from earlier included
    void transferred(Descriptor descriptor, long bytesSoFar, State state);

    /// Where a transfer stands.
    enum State {
        ACTIVE,
        /// The connection broke or stalled; another is being made.
        RECONNECTING,
        DONE,
        /// Nothing had to be sent: the registry has it.
        EXISTED,
        /// Nothing had to be sent: the registry took it over from another repository.
        MOUNTED
    }
}
