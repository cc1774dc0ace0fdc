// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Containers.State;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A container with containerd's fields, and as Kelp stores it: `inspect --mode=native`.
final class NativeContainer {
    private NativeContainer() {}

    /// @param spec what the OCI runtime was given
    static Map<String, @Nullable Object> describe(ContainerDetail d, Optional<byte[]> spec) {
        String created = d.summary().created().toString();
        Struct document = new Struct()
                .with("ID", d.summary().id())
                .with("Labels", new TreeMap<>(d.summary().labels()))
                .with("Image", d.summary().image())
                .with("Runtime", new Struct().with("Name", d.runtime()).map())
                .with("SnapshotKey", d.summary().id())
                .with("Snapshotter", d.snapshotter())
                .with("CreatedAt", created)
                .with("UpdatedAt", created)
                .with("Spec", spec.map(Documents::ordered).orElse(null));
        State s = d.summary().state();
        if (s.pid() > 0) {
            document.with("Process", process(s));
        }
        return document.with("Kelp", own(d)).map();
    }

    private static Map<String, @Nullable Object> process(State s) {
        Struct status = new Struct()
                .with("Status", s.status().word())
                .with("ExitStatus", s.exitCode())
                .with("ExitTime", s.finished().map(Object::toString).orElse(null));
        return new Struct().with("Pid", s.pid()).with("Status", status.map()).map();
    }

    private static Map<String, @Nullable Object> own(ContainerDetail d) {
        return new Struct()
                .with("Name", d.summary().name())
                .with("ImageDigest", d.imageDigest().map(Object::toString).orElse(null))
                .with("Status", d.summary().state().status().word())
                .with("ExitCode", d.summary().state().exitCode())
                .with("Bundle", d.bundlePath())
                .with("Log", d.logPath())
                .with("Definition", Documents.tree(d.spec()))
                .with("Process", Documents.tree(d.process()))
                .map();
    }
}
