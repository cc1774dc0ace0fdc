// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.KelpException;

/// What connects the detached namespace with other machines, for as long as somebody may need it.
public interface WayOut extends AutoCloseable {
    /// Whether it is known to be open.
    boolean isOpen();

    /// Returns when it is open. Blocks: platform threads only.
    ///
    /// @throws KelpException with the reason; what has just failed is not tried again for every container
    void ensure();

    /// Stops looking after it; it stays open.
    @Override
    void close();
}
