// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.linux.Fd;
import java.util.concurrent.CompletableFuture;

/// A started program. The caller owns `pidfd` and must close it.
///
/// @param waitStatus completes with the status as wait(2) gives it, see [#exitCode]; exceptionally when the holder goes
public record SpawnedProcess(int pid, Fd pidfd, CompletableFuture<Integer> waitStatus) {
    /// The exit code a shell would show for a wait status: the code itself, or 128 + the signal's number.
    public static int exitCode(int waitStatus) {
        int signal = waitStatus & 0x7f;
        return signal == 0 ? (waitStatus >> 8) & 0xff : 128 + signal;
    }
}
