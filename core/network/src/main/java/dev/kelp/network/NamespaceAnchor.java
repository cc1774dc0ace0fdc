// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// A process that does nothing in a namespace, for those who enter namespaces by a process' number (nsenter(1) -t). It
/// ends with the daemon.
public final class NamespaceAnchor {
    private NamespaceAnchor() {}

    /// @return its number
    public static int start(HostPrograms programs, DetachedNamespace where) {
        String key = "network/anchor/" + ProcessHandle.current().pid();
        SpawnedProcess process = programs.spawner()
                .spawn(SpawnRequest.of(
                                key,
                                List.of(
                                        HostPrograms.require("nsenter", "util-linux")
                                                .toString(),
                                        "--net=" + where.path(),
                                        "sleep",
                                        "infinity"),
                                HostPrograms.ENVIRONMENT,
                                Map.of())
                        .dyingWithDaemon());
        process.pidfd().close();
        CompletableFuture<Void> _ =
                process.waitStatus().thenRun(() -> programs.spawner().acknowledge(key));
        return process.pid();
    }
}
