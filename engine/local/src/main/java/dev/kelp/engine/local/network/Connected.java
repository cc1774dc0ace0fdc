// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.network.ContainerNamespace;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// What a container gets of networks when it starts. Addresses are known while its interfaces are still being made.
///
/// @param namespace its network namespace; the caller's
/// @param addresses its own
/// @param nameServers whom it asks for names
/// @param host the machine as it is reached from there, where no name server of ours says so
/// @param wired completes when everything is there
public record Connected(
        ContainerNamespace namespace,
        List<String> addresses,
        List<String> nameServers,
        Optional<String> host,
        CompletableFuture<Void> wired)
        implements AutoCloseable {
    /// Where a program started by the holder finds the namespace, while this daemon lives.
    public String path() {
        return path(namespace);
    }

    static String path(ContainerNamespace namespace) {
        return "/proc/" + ProcessHandle.current().pid() + "/fd/"
                + namespace.fd().number();
    }

    /// Returns when packets flow, or throws why they do not.
    public void await() {
        try {
            wired.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException r ? r : e;
        }
    }

    @Override
    public void close() {
        // whoever still makes interfaces needs the descriptors
        wired.exceptionally(e -> null).join();
        namespace.close();
    }
}
