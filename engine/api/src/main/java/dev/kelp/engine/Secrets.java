// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The secrets of one namespace: small pieces of data that containers get and that nothing shows. A container keeps
/// what
/// it was made with; what becomes of the secret afterwards is nothing to it.
public interface Secrets {
    int DATA_BYTES_MAX = 511_999;

    /// Keeps a secret. ALREADY_EXISTS when there is one of that name and it is not to be replaced.
    ///
    /// @param data 1 to [#DATA_BYTES_MAX] bytes
    Secret create(NewSecret secret, byte[] data);

    /// All, by name.
    List<Secret> list();

    /// The secret of that name, or whose id begins so.
    Optional<Secret> find(String nameOrId);

    /// Removes a secret; NOT_FOUND when there is none.
    ///
    /// @return its id
    String remove(String nameOrId);

    /// @param id 25 hexadecimal digits
    record Secret(
            String id,
            String name,
            String driver,
            Map<String, String> options,
            Map<String, String> labels,
            Instant created) {}

    /// @param name letters and digits, then `_`, `.` and `-` too, at most 253
    /// @param driver `file`
    /// @param options kept, without effect
    /// @param replace in the place of one of that name
    record NewSecret(
            String name, String driver, Map<String, String> options, Map<String, String> labels, boolean replace) {}
}
