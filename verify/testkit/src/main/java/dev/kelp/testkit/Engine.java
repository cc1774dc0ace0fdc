// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.util.List;
import java.util.Map;

/// A container engine's command line with a store of its own. Kelp is the one under test; Podman shows that a test asks
/// for what engines do, not for what Kelp happens to do.
public interface Engine extends AutoCloseable {
    /// The command with these words, not yet started.
    Program command(String... words);

    /// `kelp` or `podman`.
    String name();

    /// What to add to a shell's environment for [#prefix]; an empty value takes the variable away.
    Map<String, String> environment();

    /// The words that come before every command; what a shell in a [Terminal] types.
    List<String> prefix();

    /// Runs the command to its end.
    default Outcome run(String... words) {
        return command(words).run();
    }

    /// Pulls from a registry without TLS.
    default void pull(String reference) {
        command("pull", reference).timeoutSeconds(300).run().succeeded();
    }

    default boolean isKelp() {
        return name().equals("kelp");
    }

    /// Removes all containers and the store.
    @Override
    void close();
}
