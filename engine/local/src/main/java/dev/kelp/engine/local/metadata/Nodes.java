// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.Digest;

/// Names of what can be reached or removed.
public final class Nodes {
    private Nodes() {}

    public static String blob(Digest digest) {
        return digest.toString();
    }

    public static String snapshot(String snapshotter, String name) {
        return snapshotter + "/" + name;
    }
}
