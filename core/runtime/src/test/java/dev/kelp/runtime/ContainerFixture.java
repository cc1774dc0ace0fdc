// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Lifecycle;
import dev.kelp.model.container.Resources;
import dev.kelp.model.container.Security;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import dev.kelp.rootless.testing.TestHolder;
import dev.kelp.runtime.spec.OciSpec;
import dev.kelp.runtime.spec.SpecInputs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// A run root, a root file system of busybox, a holder: what a test needs to run containers.
final class ContainerFixture implements AutoCloseable {
    final Path root;
    final Instance instance;
    final TestHolder holder;
    final Path rootfs;
    private final List<Tasks> made = new ArrayList<>();
    Tasks tasks;

    ContainerFixture() throws IOException {
        root = Files.createTempDirectory(Path.of("/tmp"), "kelp-rt");
        rootfs = root.resolve("rootfs");
        instance = new Instance(
                Files.createDirectory(root.resolve("data")),
                Files.createDirectory(root.resolve("run")),
                root,
                1000,
                1000,
                maps("uid_map"),
                maps("gid_map"));
        busybox();
        holder = new TestHolder();
        tasks = newTasks();
    }

    private static List<IdMapping> maps(String file) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/" + file)).stream()
                .map(l -> l.trim().split("\\s+"))
                .map(n -> new IdMapping(Long.parseLong(n[0]), Long.parseLong(n[1]), Long.parseLong(n[2])))
                .toList();
    }

    Tasks newTasks() {
        Tasks t = new Tasks(instance, holder.holder());
        made.add(t);
        return t;
    }

    /// As a daemon that died and came back: a new channel, a new Tasks, nothing in memory.
    void restartDaemon() throws IOException {
        tasks.close();
        holder.restartDaemon();
        tasks = newTasks();
    }

    private void busybox() throws IOException {
        for (String dir : List.of("bin", "etc", "proc", "dev", "sys", "tmp", "root")) {
            Files.createDirectories(rootfs.resolve(dir));
        }
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path busybox = rootfs.resolve("bin/busybox");
        Files.copy(Path.of("/bin/busybox"), busybox);
        for (String applet : List.of(
                "sh",
                "true",
                "false",
                "echo",
                "cat",
                "sleep",
                "id",
                "grep",
                "ls",
                "mount",
                "stty",
                "kill",
                "touch",
                "unshare",
                "hostname",
                "env",
                "pwd",
                "ps",
                "head",
                "wc",
                "tty",
                "umask",
                "printf",
                "seq",
                "dd",
                "ulimit",
                "trap",
                "df",
                "sync",
                "test",
                "readlink",
                "keyctl",
                "yes",
                "reset",
                "usleep")) {
            Files.createLink(rootfs.resolve("bin/" + applet), busybox);
        }
        Files.writeString(
                rootfs.resolve("etc/passwd"),
                "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
        Files.writeString(rootfs.resolve("etc/group"), "root:x:0:\nalice:x:1000:\nvideo:x:44:alice\n");
        Files.writeString(rootfs.resolve("bin/notexec"), "#!/bin/sh\n");
    }

    static ContainerSpec spec(String... command) {
        return ContainerSpec.ofImage("test").withProcess(p -> p.withCommand(List.of(command)));
    }

    static ContainerSpec sh(String script) {
        return spec("/bin/sh", "-c", script);
    }

    static ContainerSpec with(ContainerSpec s, Isolation isolation) {
        return new ContainerSpec(
                s.image(),
                s.rootfs(),
                s.name(),
                s.platform(),
                s.labels(),
                s.annotations(),
                s.process(),
                isolation,
                s.security(),
                s.mounts(),
                s.resources(),
                s.lifecycle(),
                s.logging());
    }

    static ContainerSpec with(ContainerSpec s, Security security) {
        return new ContainerSpec(
                s.image(),
                s.rootfs(),
                s.name(),
                s.platform(),
                s.labels(),
                s.annotations(),
                s.process(),
                s.isolation(),
                security,
                s.mounts(),
                s.resources(),
                s.lifecycle(),
                s.logging());
    }

    static ContainerSpec with(ContainerSpec s, Resources resources) {
        return new ContainerSpec(
                s.image(),
                s.rootfs(),
                s.name(),
                s.platform(),
                s.labels(),
                s.annotations(),
                s.process(),
                s.isolation(),
                s.security(),
                s.mounts(),
                resources,
                s.lifecycle(),
                s.logging());
    }

    static ContainerSpec with(ContainerSpec s, Lifecycle lifecycle) {
        return new ContainerSpec(
                s.image(),
                s.rootfs(),
                s.name(),
                s.platform(),
                s.labels(),
                s.annotations(),
                s.process(),
                s.isolation(),
                s.security(),
                s.mounts(),
                s.resources(),
                lifecycle,
                s.logging());
    }

    static ContainerSpec interactive(ContainerSpec s, boolean terminal, boolean stdin, boolean once) {
        UnaryOperator<ContainerSpec.ProcessSpec> change = p -> new ContainerSpec.ProcessSpec(
                p.command(),
                p.entrypoint(),
                p.env(),
                p.user(),
                p.workdir(),
                terminal,
                stdin,
                once,
                p.groups(),
                p.umask());
        return s.withProcess(change);
    }

    SpecInputs inputs(String id, ContainerSpec spec) {
        return new SpecInputs(
                id,
                spec,
                ImageConfig.Execution.EMPTY,
                rootfs,
                dataFolder(id),
                spec.mounts(),
                Map.of(),
                instance,
                CgroupAccess.none(),
                Programs.init().orElse(null),
                "machine",
                profile -> tasks.compiledSeccomp(Programs.ociRuntime(Optional.of("crun")))
                        .of(profile),
                List.of());
    }

    Path dataFolder(String id) {
        try {
            return Files.createDirectories(root.resolve("data/containers/" + id));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    Path log(String id) {
        return dataFolder(id).resolve("ctr.log");
    }

    static String newId() {
        return (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
    }

    ContainerTask create(ContainerSpec spec) throws IOException {
        return create(spec, "crun");
    }

    ContainerTask create(ContainerSpec spec, String runtime) throws IOException {
        String id = newId();
        TaskSpec taskSpec = new TaskSpec(
                id,
                "name-" + id.substring(0, 5),
                Programs.ociRuntime(Optional.of(runtime)),
                Optional.of(log(id)),
                spec.process().terminal(),
                spec.process().openStdin(),
                spec.process().stdinOnce());
        Tasks.Launch launch = tasks.prepare(taskSpec);
        try {
            launch.configure(OciSpec.generate(inputs(id, spec)));
        } catch (KelpException e) {
            launch.abandon();
            throw e;
        }
        return launch.create();
    }

    /// Runs to the end; the code, and the log's text with standard error marked.
    record Outcome(int code, String out, String err) {}

    Outcome run(ContainerSpec spec) throws Exception {
        return run(spec, "crun");
    }

    Outcome run(ContainerSpec spec, String runtime) throws Exception {
        ContainerTask task = create(spec, runtime);
        task.start();
        int code = task.exit().get(20, TimeUnit.SECONDS);
        String out = logText(task.id(), false);
        String err = logText(task.id(), true);
        task.delete();
        return new Outcome(code, out, err);
    }

    String logText(String id, boolean stderr) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        new ContainerLog(log(id))
                .replay(
                        new ContainerLog.Options(false, -1, null, null, !stderr, stderr),
                        new java.util.concurrent.CompletableFuture<>(),
                        new java.util.concurrent.CompletableFuture<>(),
                        e -> {
                            text.writeBytes(e.data());
                            return true;
                        });
        return text.toString(StandardCharsets.UTF_8);
    }

    /// Reads an attached stream to its end: text of standard output and error.
    static String[] drain(Fd stream) throws IOException {
        ByteArrayOutputStream[] both = {new ByteArrayOutputStream(), new ByteArrayOutputStream()};
        byte[] buffer = new byte[32 << 10];
        for (int n = receive(stream, buffer); n > 0; n = receive(stream, buffer)) {
            both[buffer[0] == 3 ? 1 : 0].write(buffer, 1, n - 1);
        }
        return new String[] {both[0].toString(StandardCharsets.UTF_8), both[1].toString(StandardCharsets.UTF_8)};
    }

    private static int receive(Fd stream, byte[] buffer) throws IOException {
        return UnixSockets.receive(stream, buffer, 0, buffer.length).bytes();
    }

    @Override
    public void close() throws Exception {
        for (String id : tasks.known()) {
            tasks.reattach(id).ifPresent(ContainerTask::delete);
        }
        made.forEach(Tasks::close);
        holder.close();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path p : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(p);
            }
        }
    }
}
