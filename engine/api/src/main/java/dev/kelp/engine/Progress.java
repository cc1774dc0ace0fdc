// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

/// Told how a pull, push, save or load goes on. Called from several threads; must return quickly and not throw.
public interface Progress {
    Progress NONE = update -> {};

    void update(Update update);

    /// The state of one item of the work.
    ///
    /// @param key what the line is called: a reference, or `index-sha256:…`, `manifest-sha256:…`,
    /// `config-sha256:…`,
    ///     `layer-sha256:…`
    /// @param state RESOLVED, WAITING, DOWNLOADING, UPLOADING, UNPACKING, EXISTS, DONE, RETRYING
    /// @param offsetBytes how much is done
    /// @param totalBytes of how much; −1 when unknown
    record Update(String key, State state, long offsetBytes, long totalBytes) {}

    enum State {
        RESOLVING,
        RESOLVED,
        WAITING,
        DOWNLOADING,
        UPLOADING,
        UNPACKING,
        RETRYING,
        EXISTS,
        DONE
    }
}
