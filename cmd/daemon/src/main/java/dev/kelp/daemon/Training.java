// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.shell.Shell;
import dev.kelp.engine.Containers;
import dev.kelp.engine.local.LocalEngine;
import dev.kelp.linux.Errno;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.UnixSockets;
import dev.kelp.rootless.Holder;
import dev.kelp.rootless.Instance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The training run that fills the AOT cache at build time: a daemon without namespaces and holder serves commands from
/// clients in its own process, as real ones would come in. Nothing outside a temporary folder is touched.
final class Training {
    private static final int ROUNDS = 3;
    private static final String BUILD_ID = "training";

    /// Those that work without a container, and the ways the others begin.
    private static final List<List<String>> COMMANDS = List.of(
            List.of("version"),
            List.of("info"),
            List.of("ps", "-a"),
            List.of("ps", "--format", "{{.Names}}"),
            List.of("images"),
            List.of("namespace", "ls"),
            List.of("run", "--help"),
            List.of("run", "--rm", "-it", "--pull=never", "-e", "A=b", "-v", "/tmp:/tmp", "missing", "true"),
            List.of("create", "--pull=never", "missing"),
            List.of("exec", "missing", "true"),
            List.of("logs", "missing"),
            List.of("start", "missing"),
            List.of("stop", "missing"),
            List.of("kill", "missing"),
            List.of("rm", "-f", "missing"),
            List.of("inspect", "missing"),
            List.of("wait", "missing"),
            List.of("rmi", "missing"),
            List.of("tag", "missing", "other"),
            List.of("pull", "localhost:1/missing"));

    private Training() {}

    static void run(Path installRoot) throws IOException {
        Path root = Files.createTempDirectory("kelp-training-");
        try {
            Instance instance = Instance.of(Map.of(
                    "KELP_DATA_ROOT", root.resolve("data").toString(),
                    "KELP_RUN_ROOT", root.resolve("run").toString(),
                    "KELP_ROOT", installRoot.toString(),
                    "KELP_HOST_UID", "1000",
                    "KELP_HOST_GID", "1000",
                    "KELP_IDS", "0 1000 1",
                    "KELP_GIDS", "0 1000 1"));
            Files.createDirectories(instance.runRoot());
            Fd[] pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
            // A holder that is gone: what wants to start a program fails at once.
            pair[1].close();
            LocalEngine engine = LocalEngine.open(instance, new Holder(pair[0]));
            for (int round = 0; round < ROUNDS; round++) {
                for (List<String> command : COMMANDS) {
                    serve(engine, command);
                }
            }
            engine.close();
        } finally {
            try (Stream<Path> paths = Files.walk(root)) {
                for (Path p : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(p);
                }
            }
        }
    }

    private record Commands(LocalEngine engine) implements ClientServer.Commands {
        @Override
        public int run(ClientContext client) {
            return Shell.execute(client, engine);
        }

        @Override
        public Optional<Containers.Resumed> resume(String token) {
            return engine.session(token);
        }
    }

    private static void serve(LocalEngine engine, List<String> command) throws IOException {
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.STREAM);
        ClientServer server = new ClientServer(new Commands(engine), BUILD_ID, uid -> true, Duration.ofMinutes(1));
        Thread serving = Thread.ofPlatform().start(() -> server.serve(pair[0]));
        try (Fd client = pair[1];
                Fd here = Inodes.open("/", Inodes.O_PATH | Inodes.O_DIRECTORY);
                Fd nowhere = Inodes.open("/dev/null", Inodes.O_RDWR)) {
            byte[] request = Payload.writer()
                    .string(BUILD_ID)
                    .u8(0)
                    .u8(0)
                    .u8(24)
                    .u8(0)
                    .u8(80)
                    .u8(0)
                    .i32(022)
                    .string("kelp")
                    .strings(command)
                    .strings(List.of("HOME=/nonexistent", "PATH=/usr/bin:/bin"))
                    .toBytes();
            Frame.write(client, Frame.REQUEST, request, List.of(here, nowhere, nowhere, nowhere));
            converse(client);
        }
        try {
            serving.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Answers every question as a client would whose files do not exist, until the exit.
    private static void converse(Fd client) throws IOException {
        for (var frame = Frame.read(client); frame.isPresent(); frame = Frame.read(client)) {
            switch (frame.get().type()) {
                case Frame.OPEN, Frame.PROMPT, Frame.RUN, Frame.MKDIR, Frame.RENAME -> {
                    int id = Payload.of(frame.get().payload()).i32();
                    byte[] reply = Payload.writer().i32(id).i32(-Errno.ENOENT).toBytes();
                    Frame.write(client, Frame.REPLY, reply, List.of());
                }
                case Frame.EXIT -> {
                    return;
                }
                default -> frame.get().close();
            }
        }
    }
}
