// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.linux.Fd;
import java.util.List;

/// The command a launcher runs, `native/PROTOCOL.md` section 5.
///
/// @param name of the program, for messages
/// @param firstWord the index in the launcher's own arguments at which the command begins
/// @param variables name, value, name, value …: added to the launcher's environment
/// @param namespaces to join, in this order; they stay the caller's
/// @param ownPids process 1 of a new PID namespace stands between the launcher and the command
/// @param reaps whether that process reaps what it inherits
public record LaunchRequest(
        String name, int firstWord, List<String> variables, List<Fd> namespaces, boolean ownPids, boolean reaps) {
    public LaunchRequest {
        variables = List.copyOf(variables);
        namespaces = List.copyOf(namespaces);
    }
}
