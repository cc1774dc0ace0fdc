// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.api.ApiServer;
import dev.kelp.launcher.api.LauncherInfo;
import dev.kelp.launcher.port.PortDriver;
import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.LaunchRequest;
import dev.kelp.rootless.SpawnedProcess;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// One run of a command, from its flags to its exit code.
final class Launch {
    private final Settings settings;
    private final CallerEnvironment caller;
    private final Console console;
    private final Holder launcher;

    /// @param launcher the channel to the native launcher
    Launch(Settings settings, CallerEnvironment caller, Console console, Holder launcher) {
        this.settings = settings;
        this.caller = caller;
        this.console = console;
        this.launcher = launcher;
    }

    /// Returns the exit code when the command has ended and nothing of it is left.
    int run() {
        launcher.ready();
        settings.warn(console);
        Hints.warn(console);
        String wanted = settings.text(Flag.STATE_DIR);
        try (StateDirectory state = wanted.isEmpty()
                ? StateDirectory.temporary(caller.temporaryFolder())
                : StateDirectory.open(caller.resolve(wanted))) {
            if (!settings.hasOwnNetwork()) {
                return run(state, Optional.empty());
            }
            var parts = new CommandNetwork.Parts(settings, caller, state, console);
            try (CommandNetwork network = CommandNetwork.open(parts, launcher)) {
                return run(state, Optional.of(network));
            }
        }
    }

    private int run(StateDirectory state, Optional<CommandNetwork> network) {
        CompletableFuture<Integer> pid = new CompletableFuture<>();
        Optional<PortDriver> ports = network.flatMap(CommandNetwork::ports);
        try (ApiServer _ = ApiServer.start(state.file("api.sock"), () -> info(state, network, pid.join()), ports)) {
            SpawnedProcess command = start(state, network);
            command.pidfd().close();
            pid.complete(command.pid());
            state.write("child_pid", Integer.toString(command.pid()));
            int status = command.waitStatus().join();
            if (CommandExit.code(status) != 0) {
                console.error("child exited: " + CommandExit.words(status));
            }
            return CommandExit.code(status);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write child_pid in " + state.path() + ": " + e, e);
        } finally {
            // whoever asked before there was a command
            pid.complete(0);
        }
    }

    private SpawnedProcess start(StateDirectory state, Optional<CommandNetwork> network) throws IOException {
        if (network.isPresent() && !settings.usesHostNetwork()) {
            NetworkFiles.write(state, network.get().nameServers());
        }
        Optional<DetachedNamespace> namespace = network.map(CommandNetwork::namespace);
        List<Fd> joined = new MountNamespace(settings, state, console).make(namespace);
        try {
            return launcher.launch(new LaunchRequest(
                    settings.command(),
                    settings.firstWord(),
                    List.of(
                            "ROOTLESSKIT_STATE_DIR",
                            state.path().toString(),
                            "ROOTLESSKIT_PARENT_EUID",
                            Integer.toString(caller.hostUid()),
                            "ROOTLESSKIT_PARENT_EGID",
                            Integer.toString(caller.hostGid())),
                    joined,
                    settings.on(Flag.PIDNS),
                    settings.reaps()));
        } catch (KelpException e) {
            boolean named = settings.command().contains("/");
            throw named || caller.find(settings.command()).isPresent()
                    ? e
                    : KelpException.notFound("execute " + settings.command() + ": executable file not found in $PATH");
        } finally {
            joined.forEach(Fd::close);
        }
    }

    private LauncherInfo info(StateDirectory state, Optional<CommandNetwork> network, int pid) {
        return new LauncherInfo(
                Version.API,
                Version.TEXT,
                state.path().toString(),
                pid,
                network.map(CommandNetwork::info).orElse(null),
                network.flatMap(CommandNetwork::ports)
                        .map(d -> new LauncherInfo.PortDriverInfo(d.name(), d.protocols(), d.refusesLoopback()))
                        .orElse(null));
    }
}
