// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.TransferListener;

/// Says how single items go, under the keys that [Progress.Update] describes.
final class ProgressReport {
    private final Progress progress;

    ProgressReport(Progress progress) {
        this.progress = progress;
    }

    static String key(Descriptor d) {
        String type = d.mediaType();
        if (MediaTypes.isIndex(type)) {
            return "index-" + d.digest();
        }
        if (MediaTypes.isManifest(type)) {
            return "manifest-" + d.digest();
        }
        return (MediaTypes.isLayer(type) ? "layer-" : "config-") + d.digest();
    }

    void reference(String reference, State state) {
        progress.update(new Progress.Update(reference, state, 0, -1));
    }

    void item(Descriptor d, State state, long offsetBytes) {
        progress.update(new Progress.Update(key(d), state, offsetBytes, d.size()));
    }

    /// Whole items: their offset is 0 while they wait and their size afterwards.
    void item(Descriptor d, State state) {
        item(d, state, state == State.WAITING ? 0 : d.size());
    }

    /// Hears the registry client during downloads. That a download is done is not passed on: unpacking may follow.
    TransferListener downloads() {
        return (d, bytes, state) -> {
            switch (state) {
                case ACTIVE -> item(d, State.DOWNLOADING, bytes);
                case RECONNECTING -> item(d, State.RETRYING, bytes);
                case DONE, EXISTED, MOUNTED -> {}
            }
        };
    }

    TransferListener uploads() {
        return (d, bytes, state) -> item(
                d,
                switch (state) {
                    case ACTIVE -> State.UPLOADING;
                    case RECONNECTING -> State.RETRYING;
                    case EXISTED, MOUNTED -> State.EXISTS;
                    case DONE -> State.DONE;
                },
                bytes);
    }
}
