// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Chain ids ("Layer ChainID" of the image specification): the name of a stack of layers, by their digests before
/// compression. They are the names of committed snapshots.
final class ChainId {
    private ChainId() {}

    /// The chain id of each layer with all below it, lowest first.
    static List<String> of(List<Digest> diffIds) {
        List<String> chain = new ArrayList<>(diffIds.size());
        for (Digest diffId : diffIds) {
            if (chain.isEmpty()) {
                chain.add(diffId.toString());
            } else {
                String both = chain.getLast() + " " + diffId;
                chain.add(Digest.ofSha256(both.getBytes(StandardCharsets.US_ASCII))
                        .toString());
            }
        }
        return chain;
    }
}
