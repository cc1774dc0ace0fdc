// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a monitor must know of a container.
///
/// @param id 64 hexadecimal digits
/// @param name for messages
/// @param ociRuntime the program, see [Programs#ociRuntime]
/// @param log the log file, made when it is missing
/// @param terminal a pseudo-terminal is the container's stdio
/// @param stdin standard input is a pipe (with `terminal`: is read); else it is empty
/// @param stdinOnce standard input ends when the first attached client's does; else it stays open
/// @param timeoutSeconds conmon kills it after so long; 0: never
/// @param cgroups who makes its cgroup
public record TaskSpec(
        String id,
        String name,
        Path ociRuntime,
        Optional<Path> log,
        boolean terminal,
        boolean stdin,
        boolean stdinOnce,
        long timeoutSeconds,
        CgroupAccess.Driver cgroups) {
    private static final Pattern ID = Pattern.compile("[a-z0-9]{1,64}");

    public TaskSpec {
        if (!ID.matcher(id).matches()) {
            throw KelpException.invalid("`" + id + "` is not a container's id");
        }
        if (log.isPresent() && log.get().toString().indexOf(':') >= 0) {
            // conmon splits DRIVER:PATH at every colon
            throw KelpException.invalid("the log's path " + log.get() + " has a colon, which conmon cannot write to");
        }
    }

    /// One without an end of its time and without a cgroup.
    public TaskSpec(
            String id,
            String name,
            Path ociRuntime,
            Optional<Path> log,
            boolean terminal,
            boolean stdin,
            boolean stdinOnce) {
        this(id, name, ociRuntime, log, terminal, stdin, stdinOnce, 0, CgroupAccess.Driver.DISABLED);
    }
}
