// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;

/// `exists` of any kind of thing: its exit code is the answer. The argument is the command's own, since completion
/// goes by its label.
@Command(
        name = "exists",
        exitCodeList = {"0:there is one", "1:there is none", "125:it could not be found out"})
public abstract class ExistsCommand extends KelpCommand {
    /// For each kind one.
    protected ExistsCommand() {}

    /// Whether there is what the argument names; the engine's not found means the same as false.
    protected abstract boolean exists(Invocation call);

    @Override
    public final int run(Invocation call) {
        try {
            return exists(call) ? 0 : 1;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return 1;
            }
            throw e;
        }
    }

    @Override
    public final int errorCode() {
        return 125;
    }
}
