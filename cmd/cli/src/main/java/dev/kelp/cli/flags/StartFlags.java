// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Lifecycle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What happens when a container is made and started.
@Command(optionListHeading = "Life cycle and log")
public final class StartFlags {
    @Option(
            names = {"--init-binary", "--init-path"},
            paramLabel = "FILE",
            description = "the init to run, a static program of this machine; implies --init")
    @Nullable
    String initBinary;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "kill it after so long")
    long timeout;

    @Option(names = "--pidfile", paramLabel = "FILE", description = "write the pid of its first process to a file")
    @Nullable
    String pidFile;

    @Option(names = "--replace", description = "remove a container of the same name first")
    boolean replace;

    public boolean pidFile() {
        return pidFile != null;
    }

    public boolean replace() {
        return replace;
    }

    public Lifecycle apply(ClientContext client, Lifecycle l) {
        if (timeout < 0 || timeout > Integer.MAX_VALUE) {
            throw KelpException.invalid("invalid --timeout " + timeout + ": the range is 0 to " + Integer.MAX_VALUE);
        }
        if (initBinary != null && !initBinary.startsWith("/") && (initBinary.isEmpty() || initBinary.contains("/"))) {
            throw KelpException.invalid("invalid --init-binary `" + initBinary
                    + "`: expected an absolute path, or the name of a program of this machine");
        }
        return new Lifecycle(
                l.autoRemove(),
                l.stopSignal(),
                l.stopTimeoutSeconds(),
                l.restart(),
                l.init() || initBinary != null,
                l.runtime(),
                l.snapshotter(),
                initBinary,
                timeout,
                pidFile == null ? null : absolute(client, pidFile),
                l.health(),
                l.healthOnFailure());
    }

    private static String absolute(ClientContext client, String path) {
        return path.startsWith("/") ? path : client.workingDirectory() + "/" + path;
    }
}
