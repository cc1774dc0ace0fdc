// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Changes;
import dev.kelp.engine.ContainerFileAccess;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Engine;
import dev.kelp.engine.EngineNamespace;
import dev.kelp.engine.Events;
import dev.kelp.engine.Images;
import dev.kelp.engine.ManifestLists;
import dev.kelp.engine.Networks;
import dev.kelp.engine.Progress;
import dev.kelp.engine.Secrets;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.oci.ImageConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/// An engine that keeps everything in memory and runs nothing: a started container runs until [#end].
public final class FakeEngine implements Engine {
    public final Map<String, Namespace> namespaces = new TreeMap<>();

    /// @param kind what happens on start; null: it runs
    public ErrorKind failStart;

    /// Empty.
    public FakeEngine() {}

    @Override
    public Namespace namespace(String name) {
        return namespaces.computeIfAbsent(name, Namespace::new);
    }

    public FakeContainers containers() {
        return namespace(DEFAULT_NAMESPACE).containers;
    }

    public FakeImages images() {
        return namespace(DEFAULT_NAMESPACE).images;
    }

    @Override
    public FakeNamespaces namespaces() {
        return new FakeNamespaces(this);
    }

    @Override
    public EngineInfo info() {
        Machine machine = new Machine(
                "4d3f0a52-0000-0000-0000-000000000000",
                "host",
                List.of("overlayfs", "native"),
                List.of("json-file", "none"),
                "none",
                Set.of(),
                "6.1.0",
                "Debian GNU/Linux 12 (bookworm)",
                "x86_64",
                2,
                4L << 30,
                true,
                List.of("crun", "runc"));
        return new EngineInfo(
                "0.1.0",
                Map.of("crun", "1.14"),
                Map.of("Data Root", "/data", "Run Root", "/run/kelp"),
                List.of("no cgroup delegation"),
                machine);
    }

    @Override
    public void close() {}

    public final class Namespace implements EngineNamespace {
        private final String name;
        public final Map<String, String> labels = new TreeMap<>();
        public final FakeImages images = new FakeImages();
        public final FakeContainers containers = new FakeContainers();
        final FakeNetworks networks = new FakeNetworks();
        public List<Events.Event> events = List.of();
        private final FakeVolumes volumes = new FakeVolumes();

        Namespace(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Images images() {
            return images;
        }

        @Override
        public Containers containers() {
            return containers;
        }

        @Override
        public ManifestLists manifestLists() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Secrets secrets() {
            return new NoSecrets();
        }

        @Override
        public Events events() {
            return (query, sink) -> events.stream().filter(query.filter()).allMatch(sink::event);
        }

        @Override
        public Changes changes() {
            return new FakeChanges();
        }

        @Override
        public FakeVolumes volumes() {
            return volumes;
        }

        @Override
        public Networks networks() {
            return networks;
        }
    }

    /// The options of each commit, in order.
    public final List<Changes.CommitOptions> commits = new ArrayList<>();

    private final class FakeChanges implements Changes {
        @Override
        public List<FileChange> diff(String container) {
            return List.of(new FileChange(Kind.MODIFIED, "/etc"), new FileChange(Kind.ADDED, "/etc/new"));
        }

        @Override
        public void export(String container, OutputStream out) {
            try {
                out.write(container.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Committed commit(String container, CommitOptions options, UserEnvironment user) {
            commits.add(options);
            Digest d = Digest.ofSha256(container.getBytes(StandardCharsets.UTF_8));
            return new Committed(d, d);
        }
    }

    public static final class Record {
        public final String id;
        public final String name;
        public final ContainerSpec spec;
        public Containers.Status status = Containers.Status.CREATED;
        public int code;
        public Containers.Health health;
        public final CompletableFuture<Integer> exit = new CompletableFuture<>();
        public final List<String> calls = new ArrayList<>();

        Record(String id, String name, ContainerSpec spec) {
            this.id = id;
            this.name = name;
            this.spec = spec;
        }
    }

    public final class FakeContainers implements Containers {
        private long usageTicks;
        public final Map<String, Record> records = new LinkedHashMap<>();
        public List<LogEntry> log = List.of();
        public LogOptions logOptions;
        public ExecSpec exec;
        public CompletableFuture<Integer> execExit = new CompletableFuture<>();

        FakeContainers() {}

        public Record only() {
            return records.values().iterator().next();
        }

        public void end(String name, int code) {
            Record r = find(name);
            r.status = Status.EXITED;
            r.code = code;
            r.exit.complete(code);
        }

        private Record find(String name) {
            return records.values().stream()
                    .filter(r -> r.name.equals(name) || r.id.startsWith(name))
                    .findFirst()
                    .orElseThrow(() -> KelpException.notFound("no such container: " + name));
        }

        @Override
        public String create(ContainerSpec spec, UserEnvironment user, Progress progress) {
            String name = spec.name() == null ? "made_up" + records.size() : spec.name();
            if (records.values().stream().anyMatch(r -> r.name.equals(name))) {
                throw new KelpException(ErrorKind.ALREADY_EXISTS, "the name `" + name + "` is taken");
            }
            String id = Digest.ofSha256(name.getBytes(StandardCharsets.UTF_8)).hex();
            records.put(id, new Record(id, name, spec));
            return id;
        }

        @Override
        public String createToStart(ContainerSpec spec, UserEnvironment user, Progress progress) {
            return create(spec, user, progress);
        }

        @Override
        public void giveMounts(String container, Progress progress) {
            find(container).calls.add("giveMounts");
        }

        @Override
        public void prepare(String container) {
            find(container).calls.add("prepare");
        }

        @Override
        public void start(String container) {
            if (failStart != null) {
                throw new KelpException(failStart, "cannot start `" + container + "`");
            }
            find(container).status = Status.RUNNING;
        }

        @Override
        public void rebind(String container, UserEnvironment user) {
            find(container).calls.add("rebind");
        }

        @Override
        public Attachment attach(String container, boolean stdin) {
            try {
                var pair = UnixSockets.pair(UnixSockets.Type.SEQPACKET);
                pair[1].close();
                find(container).calls.add("attach " + stdin);
                return new Attachment(
                        pair[0],
                        Optional.empty(),
                        find(container).spec.process().terminal());
            } catch (ErrnoException e) {
                throw e.toKelp("attach");
            }
        }

        @Override
        public void stop(String container, Integer timeoutSeconds, String signal) {
            find(container).calls.add("stop " + timeoutSeconds + " " + signal);
        }

        @Override
        public void restart(String container, Integer timeoutSeconds, String signal) {
            find(container).calls.add("restart " + timeoutSeconds + " " + signal);
        }

        @Override
        public void kill(String container, String signal) {
            find(container).calls.add("kill " + signal);
        }

        @Override
        public void remove(String container, boolean force, boolean volumes) {
            records.remove(find(container).id);
        }

        @Override
        public void removeAll(List<String> containers, boolean force, boolean volumes, RemovalSink sink) {
            for (String container : containers) {
                try {
                    remove(container, force, volumes);
                    sink.removed(container);
                } catch (KelpException e) {
                    sink.failed(container, e);
                }
            }
        }

        @Override
        public Pruned prune(Predicate<ContainerSummary> wanted) {
            List<ContainerSummary> gone = list(true).stream()
                    .filter(c -> c.state().status() != Status.RUNNING && wanted.test(c))
                    .toList();
            long bytes = gone.stream().mapToLong(c -> writableBytes(c.id())).sum();
            gone.forEach(c -> remove(c.id(), false, false));
            return new Pruned(gone.stream().map(ContainerSummary::id).toList(), bytes);
        }

        @Override
        public CompletableFuture<Integer> exit(String container) {
            return find(container).exit;
        }

        @Override
        public void resize(String container, int rows, int columns) {}

        @Override
        public List<ContainerSummary> list(boolean all) {
            return records.values().stream()
                    .filter(r -> all || r.status == Status.RUNNING)
                    .map(this::summary)
                    .toList()
                    .reversed();
        }

        private ContainerSummary summary(Record r) {
            Instant start = Instant.now().minusSeconds(300);
            State state = new State(
                    r.status,
                    r.status == Status.RUNNING ? 7 : 0,
                    r.code,
                    r.status == Status.CREATED ? Optional.empty() : Optional.of(start),
                    r.status == Status.EXITED ? Optional.of(start) : Optional.empty(),
                    false,
                    null,
                    0,
                    Optional.ofNullable(r.health));
            List<String> command = r.spec.process().command();
            return new ContainerSummary(
                    r.id,
                    r.name,
                    String.valueOf(r.spec.image()),
                    command == null ? List.of("sh") : command,
                    Instant.now().minusSeconds(3600),
                    state,
                    r.spec.labels(),
                    "linux/amd64",
                    "crun",
                    r.spec,
                    Networks.Attached.NOTHING);
        }

        @Override
        public ContainerDetail inspect(String container) {
            Record r = find(container);
            return new ContainerDetail(
                    summary(r),
                    Optional.of(Digest.ofSha256(new byte[0])),
                    ImageConfig.Execution.EMPTY,
                    new EffectiveProcess(
                            List.of("sh", "-c", "true"), r.spec.process().env(), "/", "", "SIGTERM"),
                    Optional.empty(),
                    "/folder",
                    "/folder/log",
                    "overlayfs",
                    "/bundle",
                    r.spec.security().apparmor() == null
                            ? ""
                            : r.spec.security().apparmor());
        }

        @Override
        public void pause(String container) {
            find(container).status = Status.PAUSED;
        }

        @Override
        public void unpause(String container) {
            find(container).status = Status.RUNNING;
        }

        @Override
        public void rename(String container, String name) {
            find(container).calls.add("rename " + name);
        }

        @Override
        public ProcessTable top(String container, List<String> options) {
            find(container).calls.add("top " + String.join(" ", options));
            return new ProcessTable(List.of("PID", "CMD"), List.of(List.of("7", "sleep 1")));
        }

        @Override
        public Map<String, Usage> usage(List<String> containers) {
            long tick = usageTicks++;
            Map<String, Usage> found = new HashMap<>();
            containers.forEach(c -> found.put(c, usage(tick)));
            return found;
        }

        private static Usage usage(long tick) {
            return new Usage(
                    Instant.ofEpochSecond(tick),
                    tick * 500_000_000L,
                    3 << 20,
                    6 << 20,
                    OptionalLong.of(1500),
                    OptionalLong.of(45_600_000),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    4,
                    false);
        }

        @Override
        public ContainerFileAccess files(String container) {
            find(container);
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<byte[]> runtimeSpec(String container) {
            return find(container).status == Status.RUNNING
                    ? Optional.of("{\"ociVersion\":\"1.0.2\"}".getBytes(StandardCharsets.UTF_8))
                    : Optional.empty();
        }

        @Override
        public void update(String container, ContainerUpdate update) {
            find(container).calls.add("update " + update.restart());
        }

        @Override
        public long writableBytes(String container) {
            return 1_000 * find(container).name.length();
        }

        @Override
        public HealthProbe checkHealth(String container) {
            find(container).calls.add("check health");
            return new HealthProbe(Instant.now(), Instant.now(), 0, "");
        }

        @Override
        public String resolve(String container) {
            return find(container).id;
        }

        @Override
        public void logs(String container, LogOptions options, LogSink sink) {
            find(container);
            logOptions = options;
            log.forEach(sink::entry);
        }

        @Override
        public ExecSession exec(String container, ExecSpec spec) {
            find(container);
            exec = spec;
            return new ExecSession(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    execExit,
                    "exec:1",
                    () -> {});
        }
    }

    /// There are none, and none are made.
    private static final class NoSecrets implements Secrets {
        @Override
        public Secret create(NewSecret secret, byte[] data) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Secret> list() {
            return List.of();
        }

        @Override
        public Optional<Secret> find(String nameOrId) {
            return Optional.empty();
        }

        @Override
        public String remove(String nameOrId) {
            throw KelpException.notFound("no such secret: " + nameOrId);
        }
    }
}
