// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Containers;
import dev.kelp.engine.Engine;
import dev.kelp.engine.EngineNamespace;
import dev.kelp.engine.Images;
import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// One call of a command: who calls, the engine, and the flags before the command's name.
///
/// @param started to be run when the container that the command starts has started: others may start theirs now
public record Invocation(ClientContext client, Engine engine, GlobalFlags flags, Runnable started) {
    /// One that starts nothing.
    public Invocation(ClientContext client, Engine engine, GlobalFlags flags) {
        this(client, engine, flags, () -> {});
    }

    public PrintStream out() {
        return client.out();
    }

    public PrintStream err() {
        return client.err();
    }

    public EngineNamespace namespace() {
        return engine.namespace(namespaceName());
    }

    /// As `--namespace`, the environment or a settings file says, else `default`.
    public String namespaceName() {
        String name = flags.namespace();
        return name != null ? name : Engine.DEFAULT_NAMESPACE;
    }

    /// As `--snapshotter`, the environment or a settings file says, else null: the engine's choice.
    public @Nullable String snapshotter() {
        return flags.snapshotter();
    }

    public Images images() {
        return namespace().images();
    }

    public Containers containers() {
        return namespace().containers();
    }

    public RegistryOptions registry() {
        return new RegistryOptions(flags.insecureRegistry(), flags.hostsDirs());
    }

    /// A variable of the user's, when it is set and not empty.
    public Optional<String> variable(String name) {
        return Optional.ofNullable(client.variables().get(name)).filter(v -> !v.isEmpty());
    }

    public Instant now() {
        return Instant.now();
    }

    /// The user's time zone by her `TZ`, else the machine's.
    public ZoneId zone() {
        try {
            return variable("TZ").map(ZoneId::of).orElseGet(ZoneId::systemDefault);
        } catch (DateTimeException e) {
            return ZoneId.systemDefault();
        }
    }

    /// The future's value; what it failed with is thrown as it is.
    public static <T> T await(CompletableFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KelpException k) {
                throw k;
            }
            throw new KelpException(ErrorKind.INTERNAL, "waiting for the engine failed: " + e.getCause(), e);
        }
    }
}
