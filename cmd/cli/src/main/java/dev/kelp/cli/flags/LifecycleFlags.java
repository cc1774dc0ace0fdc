// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Lifecycle;
import dev.kelp.model.container.Logging;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Start, end and log.
@Command(optionListHeading = "Life cycle and log")
public final class LifecycleFlags {
    private static final List<String> LOG_DRIVERS =
            List.of("json-file", "local", "journald", "syslog", "fluentd", "none", "k8s-file");

    @Option(names = "--rm", description = "remove the container when it has ended")
    boolean autoRemove;

    @Option(names = "--restart", paramLabel = "POLICY", description = "no, always, on-failure[:N], unless-stopped")
    @Nullable
    String restart;

    @Option(names = "--stop-signal", paramLabel = "SIGNAL", description = "signal that stops it (default: the image's)")
    @Nullable
    String stopSignal;

    @Option(names = "--stop-timeout", paramLabel = "SECONDS", description = "how long stop waits before SIGKILL")
    @Nullable
    Integer stopTimeout;

    @Option(names = "--init", description = "run a small init as pid 1 that reaps children")
    boolean init;

    @Option(names = "--runtime", paramLabel = "NAME", description = "crun, runc or an absolute path")
    @Nullable
    String runtime;

    @Option(
            names = "--log-driver",
            paramLabel = "NAME",
            description = "json-file, local, journald, syslog, fluentd, none, or binary:///PATH (default: json-file)")
    @Nullable
    String logDriver;

    @Option(names = "--log-opt", paramLabel = "KEY=VALUE", description = "max-size, max-file, labels, env …")
    List<String> logOptions = new ArrayList<>();

    public boolean autoRemove() {
        return autoRemove;
    }

    public Lifecycle spec(@Nullable String snapshotter) {
        if (restart != null && !restart.matches("no|always|unless-stopped|on-failure(:[0-9]{1,6})?")) {
            throw KelpException.invalid("invalid --restart `" + restart + "`")
                    .withHint("use no, always, on-failure[:N] or unless-stopped");
        }
        if (autoRemove && restart != null && !restart.equals("no")) {
            throw KelpException.invalid("--rm and --restart exclude each other");
        }
        if (stopSignal != null && !stopSignal.matches("[A-Za-z0-9+-]{1,20}")) {
            throw KelpException.invalid("invalid --stop-signal `" + stopSignal + "`");
        }
        return new Lifecycle(autoRemove, stopSignal, stopTimeout, restart, init, runtime, snapshotter);
    }

    public Logging logging() {
        if (logDriver != null && !LOG_DRIVERS.contains(logDriver) && !logDriver.startsWith("binary://")) {
            throw KelpException.invalid("unknown log driver `" + logDriver + "`")
                    .withHint("use json-file, local, journald, syslog, fluentd, none or binary:///PATH");
        }
        return new Logging(logDriver == null ? "json-file" : logDriver, EnvFile.pairs("--log-opt", logOptions));
    }
}
