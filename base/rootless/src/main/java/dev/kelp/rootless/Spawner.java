// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.model.KelpException;
import java.util.concurrent.CompletableFuture;

/// Starts programs inside the holder's namespaces. The one way from here to a new process: Java's own
/// `ProcessBuilder` would leak descriptors, leave orphans to the daemon and lose exit codes when the daemon restarts.
public interface Spawner {
    /// Starts a program and returns once it was executed (or execve(2) failed).
    ///
    /// @throws KelpException NOT_FOUND or PERMISSION_DENIED when the program cannot be executed, UNAVAILABLE when
    /// the
    /// holder is gone
    SpawnedProcess spawn(SpawnRequest request);

    /// The exit of a process spawned under `key` by this daemon or an earlier one: completes with the wait status,
    /// at
    /// once when it is known. For a key nobody used it never completes.
    CompletableFuture<Integer> exit(String key);

    /// Forgets the exit of the process spawned under `key`; until then it is told again to the next daemon.
    void acknowledge(String key);
}
