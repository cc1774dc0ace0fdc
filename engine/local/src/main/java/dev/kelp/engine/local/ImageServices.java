// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Images;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.rootless.Instance;
import dev.kelp.snapshot.Snapshotter;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Images of all namespaces over one content store.
final class ImageServices implements ContainerCreation.ImageSource {
    ImageServices(
            Instance instance,
            Database database,
            Function<String, Snapshotter> snapshotters,
            String defaultSnapshotter) {}

    Images in(String namespace) {
        return (Images) java.lang.reflect.Proxy.newProxyInstance(
                Images.class.getClassLoader(), new Class<?>[] {Images.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("list")) {
                        return java.util.List.of();
                    }
                    throw new KelpException(ErrorKind.UNSUPPORTED, "images");
                });
    }

    void collectGarbage() {}

    @Override
    public ContainerCreation.Base base(
            String namespace, String nameOrId, @Nullable Platform platform, @Nullable String snapshotter) {
        throw new KelpException(ErrorKind.UNSUPPORTED, "images");
    }
}
