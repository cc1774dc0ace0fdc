// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/// `bypass4netns`: serves one socket until it is told to end.
final class BypassCommand {
    private static final byte[] READY = {1};

    private BypassCommand() {}

    private static List<Flags.Known> flags() {
        List<Flags.Known> all = new ArrayList<>(Program.SHARED);
        all.add(new Flags.Known("ready-fd", "int", "a descriptor to write to when the socket is there"));
        all.add(new Flags.Known("exit-fd", "int", "a descriptor to read: ends with its end"));
        all.add(new Flags.Known(
                "ignore", "strings", "subnets left to the container's network; auto: those of its interfaces"));
        all.add(new Flags.Known("publish", "HOST:CONTAINER", "publish a TCP port"));
        all.add(new Flags.Known("ignore-bind", "", "leave published ports to others"));
        return all;
    }

    static int run(Program program, Program.Life life) {
        Flags flags = Flags.parse(program.words(), flags());
        if (program.isAnswered(flags, "bypass4netns")) {
            return 0;
        }
        List<String> ignored = flags.all("ignore").isEmpty()
                ? Wish.LOOPBACK
                : flags.all("ignore").stream()
                        .flatMap(v -> List.of(v.split(",")).stream())
                        .toList();
        Wish wish =
                Wish.of(ignored, flags.all("publish").stream().map(Wish::port).toList(), flags.on("ignore-bind"));
        int ready = flags.descriptor("ready-fd");
        int exit = flags.descriptor("exit-fd");
        Path socket = program.folder()
                .resolve(flags.text(
                        "socket", program.runtimeFile("bypass4netns.sock").toString()));
        Journal journal = Journal.to(program.err(), flags.on("debug"))
                .and(flags.text("log-file", ""), program.folder())
                .tellingConnections();
        Path pid = program.writePid(
                flags.text("pid-file", ""), ProcessHandle.current().pid());
        List<Handler> connected = new CopyOnWriteArrayList<>();
        Handler handler = Handler.open(
                wish,
                socket,
                journal,
                to -> connected.stream()
                        .flatMap(h -> h.publishedAt(to).stream())
                        .findFirst());
        if (flags.on(Program.CONNECTS)) {
            connected.add(handler);
        }
        if (ready >= 0) {
            tell(ready);
        }
        CompletableFuture<Void> end = new CompletableFuture<>();
        if (exit >= 0) {
            Thread.ofPlatform().name("exit-fd").daemon(true).start(() -> {
                awaitEnd(exit, journal);
                end.complete(null);
            });
        }
        life.last(
                () -> {
                    handler.close();
                    if (!flags.text("pid-file", "").isEmpty()) {
                        Program.remove(pid, journal);
                    }
                },
                end);
        return 0;
    }

    private static void tell(int descriptor) {
        try (Fd fd = Fd.own(descriptor)) {
            Pipes.writeAll(fd, READY, 0, READY.length);
        } catch (ErrnoException e) {
            throw KelpException.invalid("failed to notify fd=" + descriptor + ": " + e.getMessage());
        }
    }

    private static void awaitEnd(int descriptor, Journal journal) {
        try (Fd fd = Fd.own(descriptor);
                InputStream in = Pipes.input(fd)) {
            byte[] buffer = new byte[512];
            while (in.read(buffer) >= 0) {
                // what is said does not matter
            }
            journal.info("the exit-fd was closed");
        } catch (IOException e) {
            journal.warn("read exit-fd " + descriptor + ": " + e.getMessage());
        }
    }
}
