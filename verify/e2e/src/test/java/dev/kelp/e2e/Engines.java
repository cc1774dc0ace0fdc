// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.LocalRegistry;
import dev.kelp.testkit.PodmanCli;
import dev.kelp.testkit.TestImages;
import java.util.stream.Stream;

/// What the tests share: a registry with a few images, started once, and the engines with busybox pulled.
public final class Engines {
    private static final TestImages IMAGES = new TestImages();
    private static final LocalRegistry REGISTRY = LocalRegistry.start();
    private static final String BUSYBOX = REGISTRY.push(IMAGES.busybox(), "busybox:latest");

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            REGISTRY.close();
            IMAGES.close();
        }));
    }

    private Engines() {}

    /// Kelp, and Podman where the machine has it; KELP_TEST_ENGINES names one alone. JUnit closes them.
    static Stream<Engine> all() {
        String names = System.getenv().getOrDefault("KELP_TEST_ENGINES", "kelp podman");
        if (names.contains("podman") && !PodmanCli.available()) {
            System.err.println("no podman on this machine: its half of the tests is left out");
            names = "kelp";
        }
        return Stream.of(names.split(" "))
                .map(name -> withBusybox(name.equals("kelp") ? new KelpCli() : new PodmanCli()));
    }

    static KelpCli kelp() {
        KelpCli kelp = new KelpCli();
        withBusybox(kelp);
        return kelp;
    }

    public static LocalRegistry registry() {
        return REGISTRY;
    }

    static TestImages images() {
        return IMAGES;
    }

    /// The reference of the busybox image; it is in every engine's store.
    public static String busybox() {
        return BUSYBOX;
    }

    private static Engine withBusybox(Engine engine) {
        engine.pull(BUSYBOX);
        return engine;
    }
}
