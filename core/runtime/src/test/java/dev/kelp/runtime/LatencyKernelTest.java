// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static dev.kelp.runtime.ContainerFixture.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.container.Security;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.runtime.spec.OciSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Where the time of a container goes, beside a bare `crun run` of the same bundle. The numbers are printed; only a
/// gross loss fails, for machines differ.
@Timeout(120)
class LatencyKernelTest {
    private static final int ROUNDS = Integer.getInteger("kelp.rounds", 20);

    private final Map<String, List<Long>> micros = new LinkedHashMap<>();
    private long last;

    private void lap(String name) {
        long now = System.nanoTime();
        micros.computeIfAbsent(name, n -> new ArrayList<>()).add((now - last) / 1000);
        last = System.nanoTime();
    }

    private long median(String name) {
        long[] all =
                micros.get(name).stream().mapToLong(Long::longValue).sorted().toArray();
        return all[all.length / 2];
    }

    @Test
    void measuresEachPart() throws Exception {
        try (ContainerFixture f = new ContainerFixture()) {
            for (int i = 0; i < ROUNDS; i++) {
                kelp(f);
                bare(f, i);
            }
        }
        long whole = List.of("prepare", "generate", "create", "start", "exit", "delete").stream()
                .mapToLong(this::median)
                .sum();
        micros.keySet().forEach(n -> System.out.printf("%-12s %6d µs%n", n, median(n)));
        System.out.printf("%-12s %6d µs = %.2f × crun run%n", "whole", whole, (double) whole / median("crun run"));
        assertThat((double) whole).isLessThan(6.0 * median("crun run"));
    }

    @Test
    void generatesAConfigurationInNoTime() throws Exception {
        try (ContainerFixture f = new ContainerFixture()) {
            String id = ContainerFixture.newId();
            for (int i = 0; i < 600; i++) {
                last = System.nanoTime();
                OciSpec.generate(f.inputs(id, spec("true")));
                lap(i < 20 ? "cold" : i < 300 ? "tepid" : "warm");
            }
            // the fastest round shows the work, the others the machine's load
            long fastest =
                    micros.get("warm").stream().mapToLong(Long::longValue).min().orElseThrow();
            System.out.printf(
                    "generate: %d µs cold, %d µs warm, %d µs at best%n", median("cold"), median("warm"), fastest);
            assertThat(fastest).as("µs to generate a configuration").isLessThan(2_000);
        }
    }

    private void kelp(ContainerFixture f) throws Exception {
        String id = ContainerFixture.newId();
        TaskSpec taskSpec = new TaskSpec(
                id, "n", Programs.ociRuntime(Optional.empty()), Optional.of(f.log(id)), false, false, false);
        last = System.nanoTime();
        Tasks.Launch launch = f.tasks.prepare(taskSpec);
        lap("prepare");
        launch.configure(OciSpec.generate(f.inputs(id, spec("true"))));
        lap("generate");
        ContainerTask task = launch.create();
        lap("create");
        task.start();
        lap("start");
        assertThat(task.exit().join()).isZero();
        lap("exit");
        task.delete();
        lap("delete");
    }

    private void bare(ContainerFixture f, int round) throws Exception {
        String id = "bare" + round;
        Path bundle = Files.createDirectories(f.root.resolve(id));
        Files.write(
                bundle.resolve("config.json"),
                OciSpec.generate(f.inputs(id + "aaaaaaaaaaaa", spec("true"))).config());
        crunRun(f, id, bundle, "crun run");
        var plain = new Security(false, false, List.of(), List.of(), null, "unconfined", null, false, List.of());
        Files.write(
                bundle.resolve("config.json"),
                OciSpec.generate(f.inputs(id + "aaaaaaaaaaaa", ContainerFixture.with(spec("true"), plain)))
                        .config());
        crunRun(f, id, bundle, "… unconfined");
    }

    private void crunRun(ContainerFixture f, String id, Path bundle, String what) {
        last = System.nanoTime();
        SpawnedProcess p = f.holder
                .holder()
                .spawn(SpawnRequest.of(
                        id,
                        List.of(
                                "/usr/bin/crun",
                                "--root",
                                f.instance.runRoot() + "/crun",
                                "--cgroup-manager=disabled",
                                "run",
                                "-b",
                                bundle.toString(),
                                id),
                        OciRuntimeCli.ENVIRONMENT,
                        Map.of()));
        p.pidfd().close();
        int code = SpawnedProcess.exitCode(p.waitStatus().join());
        lap(what);
        f.holder.holder().acknowledge(id);
        assertThat(code).as(what).isZero();
    }
}
