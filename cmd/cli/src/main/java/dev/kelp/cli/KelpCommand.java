// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

/// One command: its fields are its flags and arguments, filled by picocli before [#run].
///
/// An object may serve several calls, one after the other: picocli sets every flag and argument anew before each, so
/// a command has no other state.
///
/// The class' `@Command` gives `synopsis` (what follows the command's name), `description`, and the examples as
/// `footer`, one line each.
public abstract class KelpCommand {
    /// Every flag at its default.
    protected KelpCommand() {}

    /// Does the work.
    ///
    /// @return the exit code
    public abstract int run(Invocation call) throws InterruptedException;

    /// Whether the first argument ends the command's own flags: what follows is another program's.
    public boolean endsFlags() {
        return false;
    }

    /// Exit code of an error of the engine: 1, or 125 for those commands whose exit code is a container's
    /// otherwise.
    public int errorCode() {
        return 1;
    }
}
