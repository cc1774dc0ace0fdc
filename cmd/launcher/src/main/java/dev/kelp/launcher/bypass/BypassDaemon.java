// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.launcher.api.HttpMessage;
import dev.kelp.launcher.api.HttpSocket;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/// `bypass4netnsd`: serves a socket for each container that a client of its REST API names. All are in this process.
/// Each has a thread, whose id is told where the program this one replaces tells that of a process: both end with what
/// they serve.
final class BypassDaemon {
    /// Containers at a time.
    private static final int SERVED_MAX = 4096;

    private static final String ONE = "/v1/bypass/";

    private final Program program;
    private final Journal journal;
    private final boolean debugging;
    private final boolean connects;
    private final Map<String, Served> served = new LinkedHashMap<>();
    private final InterfaceRegistry elsewhere = new InterfaceRegistry();
    private final List<Handler> handlers = new CopyOnWriteArrayList<>();

    private record Served(BypassSpec.Status status, Handler handler, Optional<Path> pidFile) {}

    private BypassDaemon(Program program, Flags flags, Journal journal) {
        this.program = program;
        this.journal = journal;
        this.debugging = flags.on("debug");
        this.connects = flags.on(Program.CONNECTS);
    }

    static int run(Program program, Program.Life life) {
        List<Flags.Known> known = new ArrayList<>(Program.SHARED);
        known.add(
                new Flags.Known("b4nn-executable", "string", "accepted; this process serves the containers by itself"));
        Flags flags = Flags.parse(program.words(), known);
        if (program.isAnswered(flags, "bypass4netnsd")) {
            return 0;
        }
        Path socket = program.folder()
                .resolve(flags.text(
                        "socket", program.runtimeFile("bypass4netnsd.sock").toString()));
        Journal journal =
                Journal.to(program.err(), flags.on("debug")).and(flags.text("log-file", ""), program.folder());
        Path others = program.folder()
                .resolve(flags.text(
                        "com-socket",
                        program.runtimeFile("bypass4netnsd-com.sock").toString()));
        Path pid = program.writePid(
                flags.text("pid-file", ""), ProcessHandle.current().pid());
        Program.remove(socket, journal);
        Program.remove(others, journal);
        BypassDaemon daemon = new BypassDaemon(program, flags, journal);
        HttpSocket com = HttpSocket.start(others, "com", daemon.elsewhere::answer);
        HttpSocket api = HttpSocket.start(socket, "api", daemon::answer);
        journal.info("SocketPath: " + socket);
        journal.info("CommunicationSocketPath: " + others);
        life.last(
                () -> {
                    api.close();
                    com.close();
                    Program.remove(socket, journal);
                    Program.remove(others, journal);
                    daemon.close();
                    if (!flags.text("pid-file", "").isEmpty()) {
                        Program.remove(pid, journal);
                    }
                    journal.close();
                },
                new CompletableFuture<>());
        return 0;
    }

    private HttpMessage answer(String method, String path, byte[] body) {
        if (path.equals("/v1/bypass") && method.equals("GET")) {
            return HttpMessage.answer("200 OK", list());
        }
        if (path.equals("/v1/bypass") && method.equals("POST")) {
            return HttpMessage.answer("201 Created", start(OciJson.read(body, BypassSpec.class, "the request")));
        }
        if (path.startsWith(ONE) && method.equals("DELETE")) {
            stop(path.substring(ONE.length()));
            return HttpMessage.empty("200 OK");
        }
        return path.equals("/v1/bypass") || path.startsWith(ONE)
                ? HttpMessage.error(405, method + " is not a method of " + path)
                : HttpMessage.error(404, "there is no " + path);
    }

    private synchronized List<BypassSpec.Status> list() {
        return served.values().stream().map(Served::status).toList();
    }

    private synchronized BypassSpec.Status start(BypassSpec spec) {
        String id = BypassSpec.text(spec.id());
        if (id.isEmpty()) {
            throw KelpException.invalid("id not specified");
        }
        if (served.size() >= SERVED_MAX && !served.containsKey(id)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, SERVED_MAX + " containers are served already");
        }
        Wish wish = Wish.of(spec.subnets().isEmpty() ? Wish.LOOPBACK : spec.subnets(), spec.ports(), spec.ignoreBind());
        String given = BypassSpec.text(spec.socketPath());
        Path socket = given.isEmpty()
                ? program.runtimeFile("bypass4netns.sock")
                : program.folder().resolve(given);
        // to its own file alone, as a process of its own would
        Journal own = Journal.to(program.err(), debugging).and(BypassSpec.text(spec.logFilePath()), program.folder());
        String pidFile = BypassSpec.text(spec.pidFilePath());
        Handler handler = Handler.open(wish, socket, own, this::find);
        Path pid;
        try {
            pid = program.writePid(pidFile, handler.thread());
        } catch (KelpException e) {
            handler.close();
            throw e;
        }
        Served earlier = served.remove(id);
        if (earlier != null) {
            // a container that ended without a word, and was started again
            end(earlier, earlier.pidFile().filter(f -> !f.equals(pid)));
        }
        handlers.add(handler);
        BypassSpec.Status status = new BypassSpec.Status(id, handler.thread(), spec);
        served.put(id, new Served(status, handler, pidFile.isEmpty() ? Optional.empty() : Optional.of(pid)));
        journal.info("container " + id + " is served");
        return status;
    }

    private synchronized void stop(String id) {
        Served one = served.remove(id);
        if (one == null) {
            throw KelpException.invalid("child " + id + " not found");
        }
        end(one, one.pidFile());
        elsewhere.forget(id);
        journal.info("container " + id + " is served no more");
    }

    private void end(Served one, Optional<Path> pidFile) {
        handlers.remove(one.handler());
        one.handler().close();
        pidFile.ifPresent(f -> Program.remove(f, journal));
    }

    /// Asked on threads of handlers, which [#end] waits for: must not wait for this object's lock.
    private Optional<InetSocketAddress> find(InetSocketAddress to) {
        if (!connects) {
            return Optional.empty();
        }
        return handlers.stream()
                .flatMap(h -> h.publishedAt(to).stream())
                .findFirst()
                .or(() -> elsewhere.find(to));
    }

    private synchronized void close() {
        served.values().forEach(one -> end(one, one.pidFile()));
        served.clear();
    }
}
