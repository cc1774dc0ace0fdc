// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.Fd;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A process started in a container. The caller owns the descriptors.
///
/// @param terminal the pty's master when there is one; the other three are empty then
/// @param stdin the end to write to
/// @param stdout the end to read from
/// @param stderr the end to read from
public record ExecProcess(
        String token,
        Optional<Fd> terminal,
        Optional<Fd> stdin,
        Optional<Fd> stdout,
        Optional<Fd> stderr,
        Ending ending) {

    /// How it ends.
    ///
    /// @param exit completes when the process has ended, or could not be executed
    /// @param told to be run when whoever wants to know the exit has it, also ahead: until then it is kept for the
    ///     next daemon
    public record Ending(CompletableFuture<Exit> exit, Runnable told) {}

    /// @param code as a shell shows it; 127, 126 or 125 when the command could not be executed
    /// @param failure then the OCI runtime's words
    public record Exit(int code, Optional<String> failure) {}

    public CompletableFuture<Exit> exit() {
        return ending.exit();
    }
}
