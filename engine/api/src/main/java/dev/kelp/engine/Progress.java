// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

/// Told how long work goes on: a pull, push, save or load, or many files that change their owner. Called from several
/// threads; must return quickly and not throw.
public interface Progress {
    Progress NONE = update -> {};

    void update(Update update);

    /// The state of one item of the work.
    ///
    /// @param key what the line is called: what files are worked on, a reference, or `index-sha256:…`,
    ///     `manifest-sha256:…`, `config-sha256:…`, `layer-sha256:…`
    /// @param offsetBytes how much is done; of CHANGING and COPYING, how many files
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
        CHANGING,
        COPYING,
        EXISTS,
        DONE
    }
}
