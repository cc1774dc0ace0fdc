// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.KelpException;
import dev.kelp.runtime.spec.OciSpec.ProcessConfig;
import java.util.regex.Pattern;

/// A process to start in a running container.
///
/// @param token names it, also for a client that comes back: letters and digits, unique in the container
/// @param process what runs; its `terminal` decides about the streams
/// @param stdin standard input is connected
/// @param detach no streams are connected
public record ExecRequest(String token, ProcessConfig process, boolean stdin, boolean detach) {
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9]{1,64}");

    public ExecRequest {
        if (!TOKEN.matcher(token).matches()) {
            throw KelpException.invalid("`" + token + "` is not a token of letters and digits");
        }
    }
}
