// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A container as Kelp stores it: `inspect --mode=native`.
final class NativeContainer {
    private NativeContainer() {}

    static Map<String, @Nullable Object> describe(ContainerDetail d) {
        return new Struct()
                .with("Id", d.summary().id())
                .with("Name", d.summary().name())
                .with("Image", d.summary().image())
                .with("ImageDigest", d.imageDigest().map(Object::toString).orElse(null))
                .with("Created", d.summary().created().toString())
                .with("Status", d.summary().state().status().word())
                .with("Pid", d.summary().state().pid())
                .with("ExitCode", d.summary().state().exitCode())
                .with("Runtime", d.runtime())
                .with("Snapshotter", d.snapshotter())
                .with("Bundle", d.bundlePath())
                .with("Log", d.logPath())
                .with("Spec", Documents.tree(d.spec()))
                .with("Process", Documents.tree(d.process()))
                .map();
    }
}
