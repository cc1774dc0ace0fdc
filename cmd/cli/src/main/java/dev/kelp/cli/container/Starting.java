// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.progress.ProgressDisplay;

/// What the user's client does before a container starts.
final class Starting {
    private Starting() {}

    /// Of one that was made earlier.
    static void prepare(Invocation call, String container) {
        call.containers().rebind(container, call.client());
        giveMounts(call, container);
    }

    /// Of one that was just made. Shows on standard error what takes long.
    static void giveMounts(Invocation call, String container) {
        try (ProgressDisplay progress = ProgressDisplay.onError(call.client())) {
            call.containers().giveMounts(container, progress);
        }
    }
}
