// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import java.io.IOException;

/// The other side broke the protocol or one of its limits: the connection is over.
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }
}
