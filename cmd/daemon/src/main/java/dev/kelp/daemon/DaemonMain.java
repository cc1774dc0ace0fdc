// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.shell.Shell;
import dev.kelp.engine.Containers;
import dev.kelp.engine.local.LocalEngine;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.MappedFiles;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.Instance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Starts the daemon inside the holder's namespaces: descriptor 3 is the holder, 4 the socket clients connect to.
/// The one place that reads this process' environment.
public final class DaemonMain {
    private static final int LISTENER = 4;
    private static final long IDLE_BEFORE_TRIM_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int FORGETTING_ROUNDS = 3;

    /// The second frees what the first has handed to cleaners.
    private static final int COLLECTIONS = 2;

    private static final Logger LOG = System.getLogger(DaemonMain.class.getName());

    private DaemonMain() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 1 && arguments[0].equals("--train")) {
            Training.run(installRoot());
            System.exit(0);
        }
        Instance instance = Instance.of(System.getenv());
        String buildId =
                Files.readString(instance.installRoot().resolve("build-id")).strip();
        Holder holder = Holder.inherited();
        LocalEngine engine = LocalEngine.open(instance, holder);
        ClientServer server = new ClientServer(new EngineCommands(engine), buildId, instance.hostUid() == 0);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.drain();
                            engine.close();
                        },
                        "close"));
        Thread.ofPlatform().name("accept").start(() -> accept(server));
        holder.ready();
        Thread.ofPlatform().daemon(true).name("trim").start(() -> trimWhenIdle(server, engine));
        var _ = holder.closed().thenRun(() -> System.exit(0));
        LOG.log(Level.INFO, "kelpd " + buildId + " is ready, data in " + instance.dataRoot());
    }

    /// The tree this class path is the `lib` folder of.
    private static Path installRoot() {
        String first = System.getProperty("java.class.path").split(":", 2)[0];
        return Path.of(first).toAbsolutePath().resolveSibling("..").normalize();
    }

    private static void accept(ClientServer server) {
        try {
            server.accept(Fd.own(LISTENER));
        } catch (ErrnoException e) {
            LOG.log(Level.ERROR, "the daemon's socket is gone", e);
            System.exit(1);
        }
    }

    /// Gives memory back once nothing was asked for a while: connections go, a full collection lets the serial
    /// collector shrink its heap, and pages that are still in the page cache are unmapped. The latter is done again
    /// after a pause, twice, for this work itself touches pages that waiting does not.
    private static void trimWhenIdle(ClientServer server, LocalEngine engine) {
        MappedFiles unchanging = unchangingFiles();
        int rounds = 0;
        while (true) {
            try {
                Thread.sleep(5_000);
            } catch (InterruptedException e) {
                return;
            }
            boolean idle = server.activeClients() == 0 && server.idleNanos() > IDLE_BEFORE_TRIM_NANOS;
            if (!idle) {
                rounds = 0;
                continue;
            }
            if (rounds == 0) {
                engine.trim();
            }
            if (rounds < COLLECTIONS) {
                System.gc();
            }
            if (rounds < FORGETTING_ROUNDS) {
                rounds++;
                forget(unchanging);
            }
        }
    }

    /// The read-only parts of the JVM, of the AOT cache and of SQLite, loaded before this is called and never
    /// mapped
    /// anew.
    private static MappedFiles unchangingFiles() {
        try {
            return MappedFiles.readOnly(path -> path.endsWith(".aot")
                    || path.endsWith("/libjvm.so")
                    || path.endsWith("/" + System.getProperty("org.sqlite.lib.name")));
        } catch (IOException e) {
            throw new UncheckedIOException("read what is mapped", e);
        }
    }

    private static void forget(MappedFiles files) {
        try {
            files.forget();
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "give mapped pages back", e);
        }
    }

    private record EngineCommands(LocalEngine engine) implements ClientServer.Commands {
        @Override
        public int run(ClientContext client) {
            return Shell.execute(client, engine);
        }

        @Override
        public Optional<Containers.Resumed> resume(String token) {
            return engine.session(token);
        }
    }
}
