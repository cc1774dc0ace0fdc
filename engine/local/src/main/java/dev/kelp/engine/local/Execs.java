// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.ExecSession;
import dev.kelp.engine.Containers.ExecSpec;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import dev.kelp.runtime.CapturedExec;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.ExecProcess;
import dev.kelp.runtime.ExecRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Processes started later in a running container: the container's specification with another command.
///
/// @param files resolves users and directories in the container's root
record Execs(ContainerFiles files, ContainerEvents events) {
    ExecSession start(ContainerTask task, ContainerRecord c, ExecSpec spec) {
        if (spec.command().isEmpty()) {
            throw KelpException.invalid("no command is given");
        }
        PlainText.check("the argument", spec.command());
        PlainText.check("the variable", spec.env());
        String token = ContainerNames.newId().substring(0, 32);
        String words = String.join(" ", spec.command());
        events.publish(c, "exec_create: " + words, "execID", token);
        ExecProcess process = task.exec(new ExecRequest(
                token,
                files.execProcess(c, changed(c.definition().spec(), spec)).withSize(spec.rows(), spec.columns()),
                spec.stdin(),
                spec.detach()));
        events.publish(c, "exec_start: " + words, "execID", token);
        if (spec.detach()) {
            process.ending().told().run();
        }
        CompletableFuture<Integer> exit = process.exit().thenApply(e -> {
            events.publish(c, "exec_die", "execID", token, "exitCode", Integer.toString(e.code()));
            if (e.failure().isPresent()) {
                ErrorKind kind = switch (e.code()) {
                    case 127 -> ErrorKind.COMMAND_NOT_FOUND;
                    case 126 -> ErrorKind.NOT_EXECUTABLE;
                    default -> ErrorKind.INTERNAL;
                };
                throw new KelpException(
                        kind,
                        "cannot execute in container " + c.name() + ": "
                                + e.failure().get());
            }
            return e.code();
        });
        return new ExecSession(
                process.terminal(),
                process.stdin(),
                process.stdout(),
                process.stderr(),
                exit,
                "exec:" + c.namespace() + ":" + c.id() + ":" + token,
                process.ending().told());
    }

    /// A command of the engine's own, run as the container's user.
    CapturedExec capture(ContainerTask task, ContainerRecord c, List<String> command, int outputBytesMax) {
        ExecSpec spec = new ExecSpec(command, List.of(), null, null, false, false, false, true, 0, 0);
        ExecRequest request = new ExecRequest(
                ContainerNames.newId().substring(0, 32),
                files.execProcess(c, changed(c.definition().spec(), spec)),
                false,
                false);
        return task.capture(request, outputBytesMax);
    }

    private static ContainerSpec changed(ContainerSpec s, ExecSpec e) {
        ProcessSpec p = s.process();
        List<String> env = new ArrayList<>(p.env());
        env.addAll(e.env());
        ProcessSpec process = new ProcessSpec(
                e.command(),
                List.of(),
                env,
                e.user() != null ? e.user() : p.user(),
                e.workdir() != null ? e.workdir() : p.workdir(),
                e.terminal(),
                e.stdin(),
                false,
                p.groups(),
                p.umask(),
                p.unsetEnv(),
                p.timezone());
        return s.withProcess(was -> process)
                .withSecurity(s.security().withPrivileged(s.security().privileged() || e.privileged()))
                .withLifecycle(s.lifecycle().withoutInit());
    }
}
